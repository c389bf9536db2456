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
        {{ field_of('parsed.fields', 'event_name') }} as event_name,
        {%- for field in event_fields() if field != 'event_name' %}
        {{ blank_as_null(field_of('parsed.fields', field)) }} as {{ field }},
        {%- endfor %}
        {{ blank_as_null(field_of('parsed.fields', 'event_id')) }} as source_event_id
    from parsed
)

select * from parsed_records
