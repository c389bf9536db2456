with

faulty_records as (
    select
        rejection_reason as reason,
        raw_event,
        source_file
    from {{ ref('judged_records') }}
    where rejection_reason is not null and raw_event is not null
),

malformed_lines as (
    select
        'malformed JSON' as reason,
        raw_event,
        source_file
    from {{ ref('malformed_lines') }}
),

repeated_events as (
    select
        'repeated event' as reason,
        {{ event_as_json() }} as raw_event,
        source_file
    from {{ ref('repeated_records') }}
    where copy_number > 1
),

rejected_events as (
    select * from faulty_records
    union all
    select * from malformed_lines
    union all
    select * from repeated_events
)

select * from rejected_events
