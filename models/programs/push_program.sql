-- One estimand: what the pushes so far brought per notified user. The sum of what they brought, the
-- effect per user and both intervals are of the same number, so their signs agree. Weights are the
-- numbers of notified users, which no outcome can change: weights by precision favor pushes whose
-- controls happened to do little, since a low mean has a small variance.
with

program_pushes as (
    select * from {{ ref('program_pushes') }}
),

program_overlaps as (
    select * from {{ ref('program_overlaps') }}
),

-- What a push can tell by its design, whatever comes out.
designs as (
    select
        *,
        cast(notified_users as double) * control_users / (notified_users + control_users)
            as weight,
        notified_users * (1 + notified_users / cast(control_users as double)) as information
    from program_pushes
),

averages as (
    select
        *,
        sum(weight * difference order by position) over same / sum(weight order by position)
            over same as common_difference
    from designs
    window same as (partition by strategy, outcome)
),

sums as (
    select
        strategy,
        outcome,
        count(*) as pushes,
        sum(notified_users) as notified_users,
        sum(incremental order by position) as incremental,
        sum(power(notified_users, 2) * variance order by position) as own_variance,
        sum(information order by position) as information,
        arg_min(information, position) as first_information,
        sum(weight order by position) as weights,
        sum(weight * weight order by position) as squared_weights,
        -- Cochran's Q with the weights of the design: how much the effects differ, and how much
        -- they would by chance alone.
        sum(weight * power(difference - common_difference, 2) order by position)
            as heterogeneity,
        sum(weight * variance order by position)
        - sum(weight * weight * variance order by position) / sum(weight order by position)
            as heterogeneity_by_chance
    from averages
    group by strategy, outcome
),

measured as (
    select
        sums.*,
        program_overlaps.users,
        -- Errors that cancel leave no more certainty than pushes that share nobody.
        sums.own_variance + greatest(program_overlaps.shared_variance, 0) as variance,
        -- The variance of the true effects, by the method of moments with any weights (DerSimonian
        -- and Kacker, 2007).
        greatest(
            0,
            (sums.heterogeneity - sums.heterogeneity_by_chance)
            / nullif(sums.weights - sums.squared_weights / sums.weights, 0)
        ) as spread,
        greatest(0, 1 - sums.heterogeneity_by_chance / nullif(sums.heterogeneity, 0))
            as share_of_heterogeneity
    from sums
    inner join program_overlaps
        on
            sums.strategy is not distinct from program_overlaps.strategy
            and sums.outcome = program_overlaps.outcome
),

-- An asymptotic confidence sequence (Waudby-Smith et al., "Time-uniform central limit theory and
-- asymptotic confidence sequences", arXiv 2103.06476, equation 9): it holds after every push at
-- once, however often somebody looks. It is narrowest when pushes have told ten times as much as
-- the first one; 7.9359 = -2 ln(0.05) + ln(1 - 2 ln(0.05)) makes it so.
bounded as (
    select
        *,
        sqrt(variance) as standard_error,
        7.9359 * information / (10 * first_information) as told
    from measured
),

margins as (
    select
        *,
        {{ z_of_95_percent() }} * standard_error as margin,
        sqrt(2 * (told + 1) / told * ln(sqrt(told + 1) / 0.05)) * standard_error
            as always_valid_margin
    from bounded
),

push_program as (
    select
        strategy,
        outcome,
        pushes,
        cast(users as bigint) as users,
        cast(notified_users as bigint) as notified_users,
        incremental / notified_users as difference,
        (incremental - margin) / notified_users as difference_low,
        (incremental + margin) / notified_users as difference_high,
        (incremental - always_valid_margin) / notified_users as always_valid_low,
        (incremental + always_valid_margin) / notified_users as always_valid_high,
        coalesce(spread, 0) as spread,
        coalesce(share_of_heterogeneity, 0) as share_of_heterogeneity,
        incremental,
        incremental - margin as incremental_low,
        incremental + margin as incremental_high
    from margins
)

select * from push_program
