with

reasons as (
    select
        source_file,
        reason,
        coalesce(reason not in ('push event', 'refund'), false) as is_rejected,
        cast(sum(records) as bigint) as records,
        sum(unread_locations) as unread_locations,
        {{ epoch_to_timestamp('min(first_client_time)') }} as first_event_at,
        {{ epoch_to_timestamp('max(last_client_time)') }} as last_event_at,
        min(example) as example
    from {{ ref('record_counts') }}
    group by source_file, reason
),

files as (
    select
        source_file,
        cast(sum(records) as bigint) as records,
        cast(sum(case when reason is null then records else 0 end) as bigint) as valid_records,
        cast(sum(case when is_rejected then records else 0 end) as bigint) as rejected_records,
        cast(sum(unread_locations) as bigint) as unread_locations,
        min(first_event_at) as first_event_at,
        -- What lies after the end is not when it says.
        max(case when reason is distinct from 'after the end of the events' then last_event_at end)
            as last_event_at
    from reasons
    group by source_file
),

ranked_reasons as (
    select
        source_file,
        reason,
        example,
        row_number() over (
            partition by source_file
            order by records desc, reason asc
        ) as reason_rank
    from reasons
    where is_rejected
),

refunded as (
    select
        source_file,
        count(*) as refunded_events
    from {{ ref('accepted_records') }}
    where record_hash in (select refunds.refunded_hash from {{ ref('refunds') }} as refunds)
    group by source_file
),

duplicate_records as (
    select
        source_file,
        count(*) as duplicate_events
    from {{ ref('duplicate_records') }}
    where duplicate_number > 1
    group by source_file
),

source_file_audit as (
    select
        files.source_file,
        files.records,
        files.valid_records
        - coalesce(duplicates.duplicate_events, 0)
        - coalesce(refunded.refunded_events, 0) as events,
        coalesce(duplicates.duplicate_events, 0) as duplicate_events,
        coalesce(refunded.refunded_events, 0) as refunded_events,
        files.rejected_records,
        files.unread_locations,
        files.first_event_at,
        files.last_event_at,
        case
            when files.rejected_records = files.records then 'none accepted'
            when files.rejected_records > files.records / 2.0 then 'few accepted'
            else 'read'
        end as verdict,
        most_frequent.reason,
        most_frequent.example,
        rejection_reasons.remedy
    from files
    left join ranked_reasons as most_frequent
        on files.source_file = most_frequent.source_file and most_frequent.reason_rank = 1
    left join {{ ref('rejection_reasons') }} as rejection_reasons
        on most_frequent.reason = rejection_reasons.reason
    left join duplicate_records as duplicates on files.source_file = duplicates.source_file
    left join refunded on files.source_file = refunded.source_file
)

select * from source_file_audit
