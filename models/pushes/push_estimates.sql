-- The effect is what the lines of both arms differ by at the average score of all users.
with

arm_estimates as (
    select * from {{ ref('push_arm_estimates') }}
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
        count(*) as arms
    from arm_estimates
    group by push_id, outcome, day, dimension, segment
),

push_estimates as (
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
        least(
            notified_users_with_outcome,
            control_users_with_outcome,
            case
                when outcome = 'amount' then notified_users_with_outcome
                else notified_users - notified_users_with_outcome
            end,
            case
                when outcome = 'amount' then control_users_with_outcome
                else control_users - control_users_with_outcome
            end
        ) >= 5 as has_enough_users
    from both_arms
    where arms = 2
)

select * from push_estimates
