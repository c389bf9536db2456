-- What a record alone cannot tell: whether its user is left out, and whether it lies where the
-- events are.
with

validated_records as (
    select * from {{ ref('validated_records') }}
),

user_aliases as (
    select * from {{ ref('user_aliases') }}
),

end_of_events as (
    select * from {{ ref('end_of_events') }}
),

excluded as (
    select session_id
    from {{ ref('user_exclusions') }}
    where scope = 'everything'
),

checked as (
    select
        {{ user_of('records', 'aliases') }} as session_id,
        {%- for field in event_fields() if field != 'session_id' %}
        records.{{ field }},
        {%- endfor %}
        records.event_key,
        records.source_event_id,
        records.source_file,
        records.validation_error,
        records.rejected_value,
        records.raw_event,
        records.record_hash,
        records.has_unread_location,
        case
            when records.validation_error is not null then records.validation_error
            when excluded.session_id is not null then 'excluded user'
            when records.client_time >= end_of_events.end_at
                then 'after the end of the events'
        end as row_error
    from validated_records as records
    cross join end_of_events
    left join user_aliases as aliases on records.session_id = aliases.alias_id
    left join excluded on {{ user_of('records', 'aliases') }} = excluded.session_id
),

checked_records as (
    select
        {{ event_fields() | join(', ') }},
        event_key,
        source_event_id,
        source_file,
        rejected_value,
        row_error as validation_error,
        case
            when validation_error is null and row_error is not null then {{ event_as_json() }}
            else raw_event
        end as raw_event,
        record_hash,
        has_unread_location
    from checked
)

select * from checked_records
