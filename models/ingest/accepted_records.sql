-- The records that count: of several that are one event, the first.
with

checked_records as (
    select * from {{ ref('checked_records') }}
),

duplicate_records as (
    select * from {{ ref('duplicate_records') }}
),

accepted_records as (
    select
        {%- for field in event_fields() %}
        records.{{ field }},
        {%- endfor %}
        records.event_key,
        records.source_event_id,
        records.record_hash,
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
        source_event_id,
        record_hash,
        source_file
    from duplicate_records
    where duplicate_number = 1
)

select * from accepted_records
