with

events as (
    select * from {{ ref('snapshot_events') }}
),

session_attribute_conflicts as (
    select
        snapshot,
        session_id,
        coalesce(min(gender) <> max(gender), false) as gender,
        coalesce(min(age) <> max(age), false) as age,
        coalesce(min(marital_status) <> max(marital_status), false) as marital_status,
        coalesce(min(device) <> max(device), false) as device,
        coalesce(min(city) <> max(city), false) as city,
        coalesce(min(latitude) <> max(latitude), false) as latitude,
        coalesce(min(longitude) <> max(longitude), false) as longitude,
        coalesce(min(state) <> max(state), false) as state,
        coalesce(min(zip_code) <> max(zip_code), false) as zip_code
    from events
    group by snapshot, session_id
)

select * from session_attribute_conflicts
