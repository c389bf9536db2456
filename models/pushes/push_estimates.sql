-- Intention to treat: everybody counts in the arm that was drawn, whatever arrived. In each arm a
-- line is fitted to outcome and score, and both lines are read at the average score of all: the
-- interacted regression of Lin ("Agnostic notes on regression adjustments to experimental data",
-- 2013), whose estimate is no less precise than the plain difference in large samples.
with

push_moments as (
    select * from {{ ref('push_moments') }}
),

centred as (
    select
        *,
        sum(scores) over one_push / sum(users) over one_push as average_score,
        scores / users as arm_score,
        outcomes / users as arm_mean,
        greatest(score_squares - scores * scores / users, 0) as score_variation,
        greatest(outcome_squares - outcomes * outcomes / users, 0) as outcome_variation,
        products - scores * outcomes / users as covariation
    from push_moments
    window one_push as (partition by push_id, outcome, day, dimension, segment)
),

lines as (
    select
        *,
        -- Scores that are all the same adjust nothing.
        score_variation > 1e-12 * users as is_adjusted
    from centred
),

fitted as (
    select
        *,
        case when is_adjusted then covariation / score_variation else 0 end as slope,
        users - 1 - cast(is_adjusted as integer) as degrees_of_freedom
    from lines
),

arm_estimates as (
    select
        *,
        arm_mean + slope * (average_score - arm_score) as adjusted_mean,
        greatest(outcome_variation - slope * covariation, 0)
        / case when degrees_of_freedom > 0 then degrees_of_freedom end
        * (
            1.0 / users
            + case
                when is_adjusted then power(average_score - arm_score, 2) / score_variation else 0
            end
        ) as variance,
        outcome_variation / nullif(users - 1, 0) / users as unadjusted_variance
    from fitted
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
