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

other_pushes as (
    select * from {{ ref('other_pushes') }}
    where is_twice
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

looks as (
    select
        estimates.*,
        push_days.ends_at,
        push_days.days_left,
        push_days.is_final,
        push_days.is_latest,
        push_days.is_primary,
        -- Too few funders, and the interval of an average amount holds too rarely.
        case
            when not (starts_with(estimates.outcome, 'amount') and not estimates.has_enough_users)
                then estimates.bound * estimates.standard_error
        end as margin
    from push_estimates as estimates
    inner join push_days
        on
            estimates.push_id = push_days.push_id
            and estimates.outcome = push_days.outcome
            and estimates.day = push_days.day
),

measured as (
    select
        looks.*,
        looks.difference - looks.margin as difference_low,
        looks.difference + looks.margin as difference_high,
        case when looks.margin is not null then looks.bound * looks.log_ratio_standard_error end
            as log_ratio_margin,
        -- One message per notified user, unless the push tool tells how many it delivered or sent.
        coalesce(
            nullif(deliveries.delivered, 0), nullif(deliveries.sent, 0), looks.notified_users
        ) as messages
    from looks
    left join deliveries on looks.push_id = deliveries.push_id
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
        measured.is_primary,
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
        exp(measured.log_ratio - measured.log_ratio_margin) as ratio_low,
        exp(measured.log_ratio + measured.log_ratio_margin) as ratio_high,
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
                    {{ z_of_80_percent_power() }} * measured.standard_error
                    / nullif(0.05 * measured.control_adjusted_mean, 0),
                    2
                )
            ) as bigint
        ) as pushes_for_5_percent,
        case
            when failed_pushes.push_id is not null then 'not valid'
            -- Later pushes took the arms apart after the window.
            when
                measured.outcome = 'funded_within_twice'
                and other_pushes.p_value < 0.001
                and abs(other_pushes.difference)
                > least(abs(measured.difference_low), abs(measured.difference_high))
                then 'not valid'
            when not measured.has_enough_users or measured.standard_error is null
                then 'too few'
            when not measured.is_primary then 'described'
            when measured.difference_low > 0 then 'more'
            when measured.difference_high < 0 then 'fewer'
            when measured.is_final then 'no difference shown'
            else 'too early'
        end as verdict
    from measured
    inner join pushes on measured.push_id = pushes.push_id
    left join failed_pushes on measured.push_id = failed_pushes.push_id
    left join other_pushes on measured.push_id = other_pushes.push_id
)

select * from push_results
