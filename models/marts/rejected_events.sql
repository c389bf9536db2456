with

judged_records as (
    select * from {{ ref('judged_records') }}
),

records_with_text as (
    select
        rejection_reason as reason,
        raw_event,
        source_file
    from judged_records
    where rejection_reason is not null and raw_event is not null
),

-- The reader gives no text for a line that is not JSON: the few files that have one are read again.
files_with_malformed_lines as (
    select distinct source_file
    from judged_records
    where rejection_reason is not null and raw_event is null
),

malformed_lines as (
    select
        'malformed JSON' as reason,
        {{ unnest_malformed_lines('source_file') }} as raw_event,
        source_file
    from files_with_malformed_lines
),

rejected_events as (
    select * from records_with_text
    union all
    select * from malformed_lines
)

select * from rejected_events
