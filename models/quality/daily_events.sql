with

events as (
    select * from {{ ref('events') }}
),

daily_events as (
    select
        {{ business_date('occurred_at') }} as event_date,
        event_name,
        category,
        count(*) as events,
        count(distinct session_id) as users
    from events
    group by event_date, event_name, category
)

select * from daily_events
