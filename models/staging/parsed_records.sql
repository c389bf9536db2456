with

raw_records as (
    select * from {{ ref('raw_records') }}
),

parsed as (
    select
        raw_event,
        source_file,
        {{ parse_event('raw_event') }} as event
    from raw_records
),

parsed_records as (
    select
        raw_event,
        source_file,
        -- A record that is not JSON parses to null, and so does the JSON value null.
        raw_event is not null and (event is not null or trim(raw_event) = 'null') as is_json,
        starts_with(ltrim(raw_event), '{') as is_object,
        {{ blank_as_null('event.session_id') }} as session_id,
        event.event_name,
        {{ blank_as_null('event.category') }} as category,
        {{ blank_as_null('event.client_time') }} as client_time,
        {{ blank_as_null('event.amount') }} as amount,
        {{ blank_as_null('event.age') }} as age,
        {{ blank_as_null('event.gender') }} as gender,
        {{ blank_as_null('event.marital_status') }} as marital_status,
        {{ blank_as_null('event.device') }} as device,
        -- The challenge nests the location; a flat table has the same fields beside the others.
        {{ blank_as_null('coalesce(event.location.city, event.city)') }} as city,
        {{ blank_as_null('coalesce(event.location.state, event.state)') }} as state,
        {{ blank_as_null('coalesce(event.location.zip_code, event.zip_code)') }} as zip_code,
        {{ blank_as_null('coalesce(event.location.latitude, event.latitude)') }} as latitude,
        {{ blank_as_null('coalesce(event.location.longitude, event.longitude)') }} as longitude
    from parsed
)

select * from parsed_records
