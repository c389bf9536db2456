-- The linter cannot follow names and indents through the loops over fields.
-- noqa: disable=LT02,RF03
with

-- One row per record: its text, null where it is not JSON, and its file.
raw_records as (
    {{ read_records() }}
),

parsed as (
    select
        raw_event,
        source_file,
        {{ parse_event('raw_event') }} as fields
    from raw_records
),

placed as (
    select
        *,
        -- The challenge nests the location, a flat table has its fields next to the others: nearly
        -- all records have one of the two.
        case
            when
                coalesce({% for field in location_fields() %}
                    {{ field_of('fields', field) }}{{ "," if not loop.last }}
                {%- endfor %}
                ) is null
                and contains(raw_event, 'location')
                then {{ parse_other_location('raw_event') }}
        end as other_location
    from parsed
),

found as (
    select
        raw_event,
        source_file,
        fields is not null as is_parsed,
        other_location.location_text,
        {%- for field in event_fields() + other_fields() %}
        {%- if field in location_fields() %}
        coalesce({{ field_of('fields', field) }}, other_location.{{ field }}) as {{ field }},
        {%- else %}
        {{ field_of('fields', field) }} as {{ field }}{{ "," if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from placed
),

cleaned as (
    select
        raw_event,
        source_file,
        is_parsed,
        location_text,
        {%- for field in event_fields() + other_fields() %}
        {{ field if field in numeric_fields() else trimmed(field) }} as {{ field }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from found
),

parsed_records as (
    select
        raw_event,
        source_file,
        -- A record that is not JSON parses to null, and so does the JSON value null.
        is_parsed or coalesce(trim(raw_event) = 'null', false) as is_json,
        case
            when {{ begins_with('raw_event', '{') }} then true
            else {{ begins_with('ltrim(raw_event)', '{') }}
        end as is_object,
        nullif({{ whole_again('session_id') }}, '') as session_id,
        event_name,
        {%- for field in event_fields() if field not in ('session_id', 'event_name') %}
        {{ missing_as_null(whole_again(field) if field == 'zip_code' else field) }} as {{ field }},
        {%- endfor %}
        {{ missing_as_null('event_id') }} as source_event_id,
        {{ missing_as_null('refunded_event_id') }} as refunded_event_id,
        {{ missing_as_null('currency') }} as currency,
        location_text is not null
        and coalesce({{ location_fields() | join(', ') }}) is null as has_unread_location
    from cleaned
)

select * from parsed_records
