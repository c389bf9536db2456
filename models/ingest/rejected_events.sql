with

other_records as (
    select
        validation_error as reason,
        raw_event,
        source_file
    from {{ ref('checked_records') }}
    where validation_error <> 'push event'
),

duplicate_events as (
    select
        'duplicate event' as reason,
        {{ event_as_json() }} as raw_event,
        source_file
    from {{ ref('duplicate_records') }}
    where duplicate_number > 1
),

rejected_events as (
    select * from other_records
    union all
    select * from duplicate_events
)

select * from rejected_events
