with

events as (
    select * from {{ ref('events') }}
),

snapshots as (
    select * from {{ ref('snapshots') }}
),

touched_users as (
    select * from {{ ref('touched_users') }}
),

snapshot_events as (
    -- Now is after all events, so that nothing has to be compared.
    select
        0 as snapshot,
        {{ event_fields() | join(', ') }}
    from events
    union all
    select
        -1 as snapshot,
        {{ event_fields() | join(', ') }}
    from events
    where session_id in (select touched_users.session_id from touched_users)
    union all
    select
        snapshots.snapshot,
        events.session_id,
        events.event_name,
        events.category,
        events.client_time,
        events.amount,
        events.age,
        events.gender,
        events.marital_status,
        events.device,
        events.city,
        events.state,
        events.zip_code,
        events.latitude,
        events.longitude
    from snapshots
    inner join events on snapshots.snapshot_at > events.client_time
    where snapshots.snapshot > 0
)

select * from snapshot_events
