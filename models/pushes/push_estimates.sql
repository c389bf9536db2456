{#- With fewer funders expected in an arm, intervals of average amounts hold the effect too rarely:
    docs/push-proof.md has the simulation. -#}
{%- set min_amounts = 20 -%}
-- The effect is what the lines of both arms differ by at the average score of all users.
with

arm_estimates as (
    select * from {{ ref('push_arm_estimates') }}
),

push_days as (
    select * from {{ ref('push_days') }}
),

both_arms as (
    select
        push_id,
        outcome,
        day,
        dimension,
        segment,
        {%- for arm, name in [('notify', 'notified'), ('control', 'control')] %}
        {%- for column in [
            'users', 'users_with_outcome', 'arm_mean', 'adjusted_mean', 'variance',
            'unadjusted_variance'
        ] %}
        max({{ column }}) filter (where arm = '{{ arm }}') as {{ name }}_{{ column }},
        {%- endfor %}
        {%- endfor %}
        starts_with(outcome, 'amount') as is_amount,
        count(*) as arms
    from arm_estimates
    group by push_id, outcome, day, dimension, segment
),

estimates as (
    select
        push_id,
        outcome,
        day,
        dimension,
        segment,
        notified_users,
        control_users,
        notified_arm_mean as notified_mean,
        control_arm_mean as control_mean,
        notified_users_with_outcome,
        control_users_with_outcome,
        control_adjusted_mean,
        (notified_users_with_outcome + control_users_with_outcome)
        / cast(notified_users + control_users as double) as share_with_outcome,
        notified_adjusted_mean - control_adjusted_mean as difference,
        nullif(sqrt(notified_variance + control_variance), 0) as standard_error,
        nullif(sqrt(notified_unadjusted_variance + control_unadjusted_variance), 0)
            as unadjusted_standard_error,
        -- The delta method: the variance of a logarithm is that of the mean over its square.
        case
            when notified_adjusted_mean > 0 and control_adjusted_mean > 0
                then ln(notified_adjusted_mean / control_adjusted_mean)
        end as log_ratio,
        case
            when notified_adjusted_mean > 0 and control_adjusted_mean > 0
                then sqrt(
                    notified_variance / power(notified_adjusted_mean, 2)
                    + control_variance / power(control_adjusted_mean, 2)
                )
        end as log_ratio_standard_error,
        -- With fewer users on either side, a mean is not yet close to normally distributed.
        case
            when is_amount
                then
                    -- Expected of both arms together: how many of them the controls happen to be
                    -- goes with the difference.
                    (notified_users_with_outcome + control_users_with_outcome)
                    * least(notified_users, control_users)
                    / cast(notified_users + control_users as double) >= {{ min_amounts }}
            else
                least(
                    notified_users_with_outcome,
                    control_users_with_outcome,
                    notified_users - notified_users_with_outcome,
                    control_users - control_users_with_outcome
                ) >= 5
        end as has_enough_users
    from both_arms
    where arms = 2
),

looks as (
    select
        estimates.*,
        push_days.is_final,
        push_days.is_primary,
        push_days.bound as bound_of_equal_days,
        (push_days.day + push_days.days_left) / cast(nullif(push_days.day, 0) as double)
            as days_per_day
    from estimates
    inner join push_days
        on
            estimates.push_id = push_days.push_id
            and estimates.outcome = push_days.outcome
            and estimates.day = push_days.day
),

-- Whoever has an outcome cannot get it again, so a day tells less of the end of the window than
-- its share of the days. How much less follows from the odds of the outcome then and, if as many
-- more get it each day, at the end: effects on two days are correlated by the root of the odds'
-- ratio.
push_estimates as (
    select
        * exclude (is_final, is_primary, bound_of_equal_days, days_per_day),
        bound_of_equal_days
        * case
            when is_final then 1
            else
                sqrt(
                    (1 - share_with_outcome)
                    -- Not everybody will have it.
                    / greatest(1 - days_per_day * share_with_outcome, 0.01)
                )
        end
        -- Five outcomes beside the primary one: 1% each (Bonferroni). The placebo is a check.
        * case
            when is_primary or outcome = 'placebo' then 1
            else 2.575829 / {{ z_of_95_percent() }}
        end
            as bound
    from looks
)

select * from push_estimates
