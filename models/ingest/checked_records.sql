-- What a record alone cannot tell: whether its user is left out, and whether it lies where the
-- events are.
with

validated_records as (
    select * from {{ ref('validated_records') }}
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
        validated_records.*,
        case
            when validated_records.validation_error is not null
                then validated_records.validation_error
            when excluded.session_id is not null then 'excluded user'
            when validated_records.client_time >= end_of_events.end_at
                then 'after the end of the events'
        end as row_error
    from validated_records
    cross join end_of_events
    left join excluded on validated_records.session_id = excluded.session_id
),

checked_records as (
    select
        {{ event_fields() | join(', ') }},
        event_key,
        source_file,
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
