with

checked_records as (
    select * from {{ ref('checked_records') }}
),

duplicate_records as (
    select * from {{ ref('duplicate_records') }}
),

accepted as (
    select
        {%- for field in event_fields() %}
        records.{{ field }},
        {%- endfor %}
        records.event_key,
        records.source_file
    from checked_records as records
    -- Not the same as a correlated subquery: that would copy all records before it looks.
    anti join duplicate_records on records.record_hash = duplicate_records.record_hash
    where records.validation_error is null
    union all
    select
        {%- for field in event_fields() %}
        {{ field }},
        {%- endfor %}
        event_key,
        source_file
    from duplicate_records
    where duplicate_number = 1
),

events as (
    select
        {{ event_identity() }} as event_id,
        {%- for field in event_fields() %}
        {{ field }},
        {%- if field == 'client_time' %}
        {{ epoch_to_timestamp('client_time') }} as occurred_at,
        {%- endif %}
        {%- endfor %}
        source_file
    from accepted
)

select * from events
