with

events as (
    select * from {{ ref('snapshot_events') }}
),

actions as (
    select
        snapshot,
        session_id,
        category,
        -- Several actions in one second are 0 seconds apart in whatever order.
        client_time - lag(client_time) over (
            partition by snapshot, session_id, category
            order by client_time
        ) as interval_seconds
    from events
),

category_action_intervals as (
    select
        snapshot,
        session_id,
        category,
        coalesce(avg(interval_seconds), 0) as interval_between_actions
    from actions
    group by snapshot, session_id, category
)

select * from category_action_intervals
