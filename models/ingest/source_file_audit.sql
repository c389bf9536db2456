with

validated_records as (
    select
        source_file,
        count(*) as records,
        count(*) filter (where validation_error is null) as valid_records,
        count(*) filter (where validation_error <> 'push event') as invalid_records,
        {{ epoch_to_timestamp('min(client_time)') }} as first_event_at,
        {{ epoch_to_timestamp('max(client_time)') }} as last_event_at
    from {{ ref('validated_records') }}
    group by source_file
),

duplicate_records as (
    select
        source_file,
        count(*) as duplicate_events
    from {{ ref('duplicate_records') }}
    where copy_number > 1
    group by source_file
),

source_file_audit as (
    select
        records.source_file,
        records.records,
        records.valid_records - coalesce(repeats.duplicate_events, 0) as events,
        coalesce(repeats.duplicate_events, 0) as duplicate_events,
        records.invalid_records,
        records.first_event_at,
        records.last_event_at
    from validated_records as records
    left join duplicate_records as repeats on records.source_file = repeats.source_file
)

select * from source_file_audit
