with

judged_records as (
    select * from {{ ref('judged_records') }}
),

source_file_audit as (
    select
        source_file,
        count(*) as records,
        count(*) filter (where rejection_reason is null) as events,
        count(*) filter (where rejection_reason = 'repeated event') as repeated_events,
        count(*) filter (where rejection_reason <> 'repeated event') as faulty_records,
        {{ epoch_to_timestamp('min(client_time)') }} as first_event_at,
        {{ epoch_to_timestamp('max(client_time)') }} as last_event_at
    from judged_records
    group by source_file
)

select * from source_file_audit
