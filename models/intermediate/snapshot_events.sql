with

events as (
    select * from {{ ref('events') }}
),

snapshots as (
    select * from {{ ref('snapshots') }}
),

snapshot_events as (
    select
        snapshots.snapshot,
        events.event_id,
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
)

select * from snapshot_events
