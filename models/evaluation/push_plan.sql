-- Based on the last horizon, for which every strategy ranked users and whose fundings are known.
with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

strategy_rankings as (
    select * from {{ ref('strategy_rankings') }}
),

everybody as (
    select count(*) as users from {{ ref('users') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
    where cutoff = 0
),

audiences as (
    select
        strategy,
        campaign,
        max(score_rank) as ranked_users,
        min(push_size) - 1 as users_left_out
    from strategy_rankings
    group by strategy, campaign
),

percents as (
    select unnest(range(1, 101)) as audience_percent
),

control_percents as (
    select unnest(range(5, 55, 5)) as control_percent
),

scored as (
    select
        scores.strategy,
        scores.campaign,
        cast(ceil(scores.score_rank * 100.0 / scores.users) as integer) as audience_percent,
        cast(scores.is_funded as integer) as outcome,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        cast(coalesce(network.fund_probability, 0) as decimal(18, 12)) as score
    from holdout_scores as scores
    left join holdout_scores as network
        on
            scores.campaign = network.campaign
            and scores.session_id = network.session_id
            and network.strategy = 'fund_network'
),

added as (
    select
        strategy,
        campaign,
        audience_percent,
        count(*) as users,
        sum(outcome) as outcomes,
        sum(score) as scores,
        sum(cast(score * score as decimal(36, 24))) as squares,
        sum(score * outcome) as products
    from scored
    group by strategy, campaign, audience_percent
),

-- From the first user of a ranking to the last one of a hundredth.
measured as (
    select
        added.strategy,
        added.campaign,
        percents.audience_percent,
        cast(sum(added.users) as double) as users,
        cast(sum(added.outcomes) as double) as outcomes,
        cast(sum(added.scores) as double) as scores,
        cast(sum(added.squares) as double) as squares,
        cast(sum(added.products) as double) as products
    from added
    inner join percents on added.audience_percent <= percents.audience_percent
    group by added.strategy, added.campaign, percents.audience_percent
),

rates as (
    select
        strategy,
        campaign,
        audience_percent,
        users,
        outcomes / users as base_rate,
        -- What the least squares line on the score explains of the outcome's variance.
        power(products - scores * outcomes / users, 2)
        / nullif(
            (squares - scores * scores / users) * (outcomes - outcomes * outcomes / users), 0
        ) as explained
    from measured
),

audience_sizes as (
    select
        audiences.campaign,
        audiences.strategy,
        percents.audience_percent,
        control_percents.control_percent,
        control_percents.control_percent / 100.0 as control_share,
        least(
            audiences.ranked_users,
            greatest(
                everybody.users * percents.audience_percent // 100 - audiences.users_left_out, 0
            )
        ) as audience_users
    from audiences
    cross join everybody
    cross join percents
    cross join control_percents
),

-- Controls are drawn in up to 20 parts of the ranking, each of which rounds its own share of them.
parts as (
    select
        *,
        cast(
            least(20, greatest(1, floor(audience_users * control_share / 2))) as bigint
        ) as strata
    from audience_sizes
),

plans as (
    select
        parts.campaign,
        parts.strategy,
        parts.audience_percent,
        parts.control_percent,
        parts.audience_users,
        (parts.strata - parts.audience_users % parts.strata)
        * round(parts.audience_users // parts.strata * parts.control_share)
        + parts.audience_users % parts.strata
        * round((parts.audience_users // parts.strata + 1) * parts.control_share)
            as control_users,
        rates.base_rate,
        -- Two degrees of freedom go into the line.
        (1 - coalesce(rates.explained, 0)) * (rates.users - 1) / nullif(rates.users - 2, 0)
            as variance_left
    from parts
    left join rates
        on
            parts.strategy = rates.strategy
            and parts.campaign = rates.campaign
            and parts.audience_percent = rates.audience_percent
),

-- As far as a 95% interval reaches, and further so that 80% of such pushes show the effect. The
-- square of the smallest effect is this many times its variance, in which notified users have the
-- base rate and the effect.
squares as (
    select
        *,
        power({{ z_of_80_percent_power() }}, 2) * variance_left / nullif(control_users, 0)
            as of_control,
        power({{ z_of_80_percent_power() }}, 2) * variance_left
        / nullif(cast(audience_users as double) - control_users, 0) as of_notified
    from plans
),

effects as (
    select
        *,
        (
            of_notified * (1 - 2 * base_rate)
            + sqrt(
                power(of_notified * (1 - 2 * base_rate), 2)
                + 4 * (1 + of_notified) * (of_control + of_notified)
                * base_rate * (1 - base_rate)
            )
        ) / (2 * (1 + of_notified)) as effect_by_variance
    from squares
),

-- The readout has no verdict where fewer than 5 users of an arm have the outcome, or have not. How
-- many standard deviations the expected numbers are away from that, controls as they fund anyway
-- and notified users with the effect on top.
distances as (
    select
        *,
        (control_users * base_rate - 4.5)
        / nullif(sqrt(control_users * base_rate * (1 - base_rate)), 0) as of_funders,
        (control_users * (1 - base_rate) - 4.5)
        / nullif(sqrt(control_users * base_rate * (1 - base_rate)), 0) as of_others,
        case
            when base_rate + effect_by_variance < 1
                then
                    ((audience_users - control_users) * (1 - base_rate - effect_by_variance) - 4.5)
                    / nullif(
                        sqrt(
                            (audience_users - control_users)
                            * (base_rate + effect_by_variance)
                            * (1 - base_rate - effect_by_variance)
                        ),
                        0
                    )
        end as of_notified_others
    from effects
),

-- In 99% of pushes there are enough users, so that power loses one point at the most.
judged as (
    select
        *,
        case
            when effect_by_variance is null then 'nothing was measured in the last horizon'
            when coalesce(of_funders, 0) < 2.326348
                then 'too few of the control group would fund'
            when coalesce(of_others, 0) < 2.326348
                then 'too few of the control group would not fund'
            when coalesce(of_notified_others, 0) < 2.326348
                then 'no push can add as many funders as it takes'
        end as reason
    from distances
),

shown as (
    select
        *,
        case when reason is null then effect_by_variance end as smallest_effect
    from judged
),

push_plan as (
    select
        shown.campaign,
        shown.strategy,
        cast(shown.audience_percent as integer) as audience_percent,
        cast(shown.control_percent as integer) as control_percent,
        cast(shown.audience_users as bigint) as audience_users,
        cast(shown.control_users as bigint) as control_users,
        shown.base_rate,
        shown.variance_left,
        shown.smallest_effect,
        shown.smallest_effect / nullif(shown.base_rate, 0) as smallest_relative_effect,
        -- A small effect changes no variance, and pooled pushes may have few funders each.
        cast(
            greatest(
                1,
                ceil(
                    (shown.of_control + shown.of_notified)
                    * (1 - shown.base_rate) / nullif(shown.base_rate, 0) / power(0.05, 2)
                )
            ) as bigint
        ) as pushes_for_5_percent,
        0.05 * shown.base_rate * shown.control_users as forgone_funders,
        {{ epoch_to_timestamp('cast(ceil(cutoffs.cutoff_at) as bigint)') }} as cut_at,
        cast({{ sql_number(var('horizon_days')) }} as double) as horizon_days,
        shown.reason
    from shown
    cross join cutoffs
)

select * from push_plan
