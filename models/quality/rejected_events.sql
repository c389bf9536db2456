with

other_records as (
    select
        validation_error as reason,
        raw_event,
        source_file
    from {{ ref('checked_records') }}
    where validation_error not in ('push event', 'refund')
),

duplicate_events as (
    select
        case when has_event_id then 'redelivered event' else 'duplicate event' end as reason,
        {{ event_as_json() }} as raw_event,
        source_file
    from {{ ref('duplicate_records') }}
    where duplicate_number > 1
),

refunded_events as (
    select
        'refunded' as reason,
        {{ event_as_json() }} as raw_event,
        source_file
    from {{ ref('accepted_records') }}
    where record_hash in (select refunds.refunded_hash from {{ ref('refunds') }} as refunds)
),

rejected_events as (
    select * from other_records
    union all
    select * from duplicate_events
    union all
    select * from refunded_events
)

select * from rejected_events
