-- Intention to treat: everybody counts in the arm that was drawn, whatever arrived. In each arm a
-- line is fitted to outcome and score, and both lines are read at the average score of all: the
-- interacted regression of Lin ("Agnostic notes on regression adjustments to experimental data",
-- 2013), whose estimate is no less precise than the plain difference in large samples.
with

push_moments as (
    select * from {{ ref('push_moments') }}
),

centerd as (
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
        -- Scores that are all the same adjust nothing, and a line through two users explains all.
        users > 2 and score_variation > 1e-12 * users as is_adjusted
    from centerd
),

fitted as (
    select
        *,
        case when is_adjusted then covariation / score_variation else 0 end as slope,
        users - 1 - cast(is_adjusted as integer) as degrees_of_freedom
    from lines
),

push_arm_estimates as (
    select
        push_id,
        outcome,
        day,
        dimension,
        segment,
        arm,
        users,
        users_with_outcome,
        average_score,
        arm_score,
        arm_mean,
        slope,
        -- Null where the line has no slope.
        case when is_adjusted then score_variation end as score_variation,
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
)

select * from push_arm_estimates
