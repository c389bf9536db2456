with

raw_records as (
    select * from {{ ref('raw_records') }}
),

parsed as (
    select
        raw_event,
        source_file,
        {{ parse_event('raw_event') }} as fields
    from raw_records
),

parsed_records as (
    select
        parsed.raw_event,
        parsed.source_file,
        -- A record that is not JSON parses to null, and so does the JSON value null.
        case
            when parsed.fields is not null then true
            else coalesce(trim(parsed.raw_event) = 'null', false)
        end as is_json,
        case
            when {{ begins_with('parsed.raw_event', '{') }} then true
            else {{ begins_with('ltrim(parsed.raw_event)', '{') }}
        end as is_object,
        {{ blank_as_null('parsed.fields.session_id') }} as session_id,
        parsed.fields.event_name,
        {{ blank_as_null('parsed.fields.category') }} as category,
        {{ blank_as_null('parsed.fields.client_time') }} as client_time,
        {{ blank_as_null('parsed.fields.amount') }} as amount,
        {{ blank_as_null('parsed.fields.age') }} as age,
        {{ blank_as_null('parsed.fields.gender') }} as gender,
        {{ blank_as_null('parsed.fields.marital_status') }} as marital_status,
        {{ blank_as_null('parsed.fields.device') }} as device,
        -- The challenge nests the location; a flat table has the same fields beside the others.
        {{ blank_as_null('coalesce(parsed.fields.location.city, parsed.fields.city)') }} as city,
        {{ blank_as_null('coalesce(parsed.fields.location.state, parsed.fields.state)') }} as state,
        {{ blank_as_null(
            'coalesce(parsed.fields.location.zip_code, parsed.fields.zip_code)'
        ) }} as zip_code,
        {{ blank_as_null(
            'coalesce(parsed.fields.location.latitude, parsed.fields.latitude)'
        ) }} as latitude,
        {{ blank_as_null(
            'coalesce(parsed.fields.location.longitude, parsed.fields.longitude)'
        ) }} as longitude
    from parsed
)

select * from parsed_records
