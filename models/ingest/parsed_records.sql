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
        {%- for field in event_fields() if field not in ['event_name'] + location_fields() %}
        {{ blank_as_null('parsed.fields.' ~ field) }} as {{ field }},
        {%- endfor %}
        -- The challenge nests the location; a flat table has the same fields beside the others.
        {%- for field in location_fields() %}
        {{ blank_as_null(
            'coalesce(parsed.fields.location.' ~ field ~ ', parsed.fields.' ~ field ~ ')'
        ) }} as {{ field }},
        {%- endfor %}
        parsed.fields.event_name
    from parsed
)

select * from parsed_records
