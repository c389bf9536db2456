with

-- Pushes whose window is over and whose checks passed, in order of time.
results as (
    select
        *,
        power(standard_error, 2) as variance,
        1 / power(standard_error, 2) as weight,
        notified_users + control_users as users,
        row_number() over (
            partition by strategy, outcome
            order by day_ends_at, push_id
        ) as position
    from {{ ref('push_results') }}
    where
        is_final
        and outcome <> 'placebo'
        and verdict not in ('not valid', 'too few')
),

averages as (
    select
        *,
        sum(weight * difference order by position) over same / sum(weight order by position)
            over same as common_difference
    from results
    window same as (partition by strategy, outcome)
),

sums as (
    select
        strategy,
        outcome,
        count(*) as pushes,
        sum(users) as users,
        arg_min(users, position) as first_users,
        sum(notified_users) as notified_users,
        any_value(common_difference) as common_difference,
        sum(weight order by position) as weights,
        sum(weight * weight order by position) as squared_weights,
        -- Cochran's Q: how much the effects differ, relative to chance.
        sum(weight * power(difference - common_difference, 2) order by position)
            as heterogeneity,
        sum(incremental order by position) as incremental,
        sqrt(sum(power(notified_users * standard_error, 2) order by position))
            as incremental_standard_error
    from averages
    group by strategy, outcome
),

spreads as (
    select
        *,
        -- The variance of the true effects (DerSimonian and Laird, 1986).
        greatest(
            0,
            (heterogeneity - (pushes - 1)) / nullif(weights - squared_weights / weights, 0)
        ) as spread,
        greatest(0, 1 - (pushes - 1) / nullif(heterogeneity, 0)) as share_of_heterogeneity
    from sums
),

pooled as (
    select
        results.strategy,
        results.outcome,
        sum(
            results.difference / (results.variance + coalesce(spreads.spread, 0))
            order by results.position
        )
        / sum(
            1 / (results.variance + coalesce(spreads.spread, 0)) order by results.position
        ) as difference,
        sqrt(
            1 / sum(
                1 / (results.variance + coalesce(spreads.spread, 0)) order by results.position
            )
        ) as standard_error
    from results
    inner join spreads
        on
            results.strategy is not distinct from spreads.strategy
            and results.outcome = spreads.outcome
    group by results.strategy, results.outcome
),

-- An asymptotic confidence sequence (Waudby-Smith et al., "Time-uniform central limit theory and
-- asymptotic confidence sequences", arXiv 2103.06476, equation 9): it holds after every push at
-- once, however often somebody looks. It is narrowest when ten times the users of the first push
-- were in pushes; 7.9359 = -2 ln(0.05) + ln(1 - 2 ln(0.05)) makes it so.
sequences as (
    select
        *,
        7.9359 * users / (10.0 * first_users) as information
    from spreads
),

push_program as (
    select
        sequences.strategy,
        sequences.outcome,
        sequences.pushes,
        cast(sequences.users as bigint) as users,
        cast(sequences.notified_users as bigint) as notified_users,
        pooled.difference,
        pooled.difference - 1.959964 * pooled.standard_error as difference_low,
        pooled.difference + 1.959964 * pooled.standard_error as difference_high,
        sequences.common_difference
        - sqrt(
            2 * (sequences.information + 1) / sequences.information
            * ln(sqrt(sequences.information + 1) / 0.05)
            / sequences.weights
        ) as always_valid_low,
        sequences.common_difference
        + sqrt(
            2 * (sequences.information + 1) / sequences.information
            * ln(sqrt(sequences.information + 1) / 0.05)
            / sequences.weights
        ) as always_valid_high,
        coalesce(sequences.spread, 0) as spread,
        coalesce(sequences.share_of_heterogeneity, 0) as share_of_heterogeneity,
        sequences.incremental,
        sequences.incremental - 1.959964 * sequences.incremental_standard_error
            as incremental_low,
        sequences.incremental + 1.959964 * sequences.incremental_standard_error
            as incremental_high
    from sequences
    inner join pooled
        on
            sequences.strategy is not distinct from pooled.strategy
            and sequences.outcome = pooled.outcome
)

select * from push_program
