with

events as (
    select * from {{ ref('snapshot_events') }}
),

latest as (
    select
        snapshot,
        session_id,
        {{ latest_known('age') }} as age,
        {{ latest_known('marital_status') }} as marital_status,
        {{ latest_known('device') }} as device,
        -- A place is taken from one event as a whole: the city of one and the zip code of another
        -- would make a place that does not exist.
        {{ latest_known(
            ['state', 'city', 'zip_code', 'latitude', 'longitude'],
            known='coalesce(state, city, zip_code) is not null or latitude + longitude is not null'
        ) }} as place
    from events
    group by snapshot, session_id
),

session_attributes as (
    select
        latest.snapshot,
        latest.session_id,
        latest.age,
        latest.marital_status,
        latest.device,
        latest.place.city,
        latest.place.state,
        latest.place.zip_code,
        latest.place.latitude,
        latest.place.longitude
    from latest
)

select * from session_attributes
