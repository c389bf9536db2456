-- What a record alone cannot tell: whether it lies where the events are.
with

validated_records as (
    select * from {{ ref('validated_records') }}
),

end_of_events as (
    select * from {{ ref('end_of_events') }}
),

timed as (
    select
        validated_records.*,
        validated_records.validation_error is null
        and validated_records.client_time >= end_of_events.end_at as is_late
    from validated_records
    cross join end_of_events
),

checked_records as (
    select
        {{ event_fields() | join(', ') }},
        event_key,
        source_file,
        case
            when is_late then 'after the end of the events' else validation_error
        end as validation_error,
        case when is_late then {{ event_as_json() }} else raw_event end as raw_event,
        record_hash,
        has_unread_location
    from timed
)

select * from checked_records
