with

judged_records as (
    select
        source_file,
        count(*) as records,
        count(*) filter (where rejection_reason is not null) as faulty_records,
        {{ epoch_to_timestamp('min(client_time)') }} as first_event_at,
        {{ epoch_to_timestamp('max(client_time)') }} as last_event_at
    from {{ ref('judged_records') }}
    group by source_file
),

repeated_records as (
    select
        source_file,
        count(*) as repeated_events
    from {{ ref('repeated_records') }}
    where copy_number > 1
    group by source_file
),

source_file_audit as (
    select
        records.source_file,
        records.records,
        records.records
        - records.faulty_records
        - coalesce(repeats.repeated_events, 0) as events,
        coalesce(repeats.repeated_events, 0) as repeated_events,
        records.faulty_records,
        records.first_event_at,
        records.last_event_at
    from judged_records as records
    left join repeated_records as repeats on records.source_file = repeats.source_file
)

select * from source_file_audit
