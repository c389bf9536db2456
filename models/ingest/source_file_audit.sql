with

file_verdicts as (
    {{ file_verdicts() }}
),

accepted as (
    select
        source_file,
        count(*) filter (where has_unread_location) as unread_locations,
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
        verdicts.source_file,
        verdicts.records,
        verdicts.records
        - coalesce(verdicts.invalid_records, 0)
        - coalesce(repeats.duplicate_events, 0) as events,
        coalesce(repeats.duplicate_events, 0) as duplicate_events,
        coalesce(verdicts.invalid_records, 0) as invalid_records,
        accepted.unread_locations,
        accepted.first_event_at,
        accepted.last_event_at,
        case
            when verdicts.invalid_records = verdicts.records then 'none accepted'
            when verdicts.invalid_records > verdicts.records / 2.0 then 'few accepted'
            else 'read'
        end as verdict,
        verdicts.reason,
        verdicts.example,
        verdicts.remedy
    from file_verdicts as verdicts
    inner join accepted on verdicts.source_file = accepted.source_file
    left join duplicate_records as repeats on verdicts.source_file = repeats.source_file
)

select * from source_file_audit
