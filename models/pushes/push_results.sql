with

pushes as (
    select
        push_id,
        any_value(campaign) as campaign,
        any_value(strategy) as strategy,
        any_value(starts_at) as starts_at,
        any_value(window_days) as window_days
    from {{ ref('push_assignments') }}
    group by push_id
),

push_days as (
    select * from {{ ref('push_days') }}
),

push_estimates as (
    select * from {{ ref('push_estimates') }}
    where dimension = 'everybody'
),

failed_pushes as (
    select distinct push_id
    from {{ ref('push_checks') }}
    where status = 'fail'
),

deliveries as (
    select
        push_id,
        count(delivered_at) as delivered,
        count(sent_at) as sent
    from {{ ref('push_deliveries') }}
    where arm = 'notify'
    group by push_id
),

-- Whoever has an outcome cannot get it again, so a day tells less of the end of the window than
-- its share of the days. How much less follows from the odds of the outcome then and, if as many
-- more get it each day, at the end: effects on two days are correlated by the root of the odds'
-- ratio.
looks as (
    select
        estimates.*,
        push_days.ends_at,
        push_days.days_left,
        push_days.is_final,
        push_days.is_latest,
        (push_days.day + push_days.days_left) / cast(nullif(push_days.day, 0) as double)
            as days_per_day,
        estimates.share_with_outcome,
        push_days.bound as bound_of_equal_days
    from push_estimates as estimates
    inner join push_days
        on
            estimates.push_id = push_days.push_id
            and estimates.outcome = push_days.outcome
            and estimates.day = push_days.day
),

bounded as (
    select
        *,
        case
            when is_final then bound_of_equal_days
            else
                bound_of_equal_days * sqrt(
                    (1 - share_with_outcome)
                    -- Not everybody will have it.
                    / greatest(1 - days_per_day * share_with_outcome, 0.01)
                )
        end as bound
    from looks
),

measured as (
    select
        bounded.*,
        bounded.difference - bounded.bound * bounded.standard_error as difference_low,
        bounded.difference + bounded.bound * bounded.standard_error as difference_high,
        -- One message per notified user, unless the push tool tells how many it delivered or sent.
        coalesce(
            nullif(deliveries.delivered, 0), nullif(deliveries.sent, 0), bounded.notified_users
        ) as messages
    from bounded
    left join deliveries on bounded.push_id = deliveries.push_id
),

push_results as (
    select
        measured.push_id,
        measured.outcome,
        cast(measured.day as integer) as day,
        pushes.campaign,
        pushes.strategy,
        pushes.starts_at,
        pushes.window_days,
        measured.ends_at as day_ends_at,
        cast(measured.days_left as integer) as days_left,
        measured.is_final,
        measured.is_latest,
        measured.notified_users,
        measured.control_users,
        measured.notified_mean,
        measured.control_mean,
        measured.difference,
        measured.difference_low,
        measured.difference_high,
        measured.standard_error,
        measured.bound,
        exp(measured.log_ratio) as ratio,
        exp(measured.log_ratio - measured.bound * measured.log_ratio_standard_error)
            as ratio_low,
        exp(measured.log_ratio + measured.bound * measured.log_ratio_standard_error)
            as ratio_high,
        measured.difference * measured.notified_users as incremental,
        measured.difference_low * measured.notified_users as incremental_low,
        measured.difference_high * measured.notified_users as incremental_high,
        measured.messages,
        measured.difference * measured.notified_users / measured.messages as per_message,
        measured.difference_low * measured.notified_users / measured.messages
            as per_message_low,
        measured.difference_high * measured.notified_users / measured.messages
            as per_message_high,
        -- 80% power at a 5% level, as in push_plan.
        cast(
            ceil(
                power(
                    (1.959964 + 0.841621) * measured.standard_error
                    / nullif(0.05 * measured.control_adjusted_mean, 0),
                    2
                )
            ) as bigint
        ) as pushes_for_5_percent,
        case
            when failed_pushes.push_id is not null then 'not valid'
            when not measured.has_enough_users or measured.standard_error is null
                then 'too few'
            when measured.difference_low > 0 then 'more'
            when measured.difference_high < 0 then 'fewer'
            when measured.is_final then 'no difference shown'
            else 'too early'
        end as verdict
    from measured
    inner join pushes on measured.push_id = pushes.push_id
    left join failed_pushes on measured.push_id = failed_pushes.push_id
)

select * from push_results
