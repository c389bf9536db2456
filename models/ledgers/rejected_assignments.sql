with

validated_assignments as (
    select * from {{ ref('validated_assignments') }}
),

rejected_assignments as (
    select
        validation_error as reason,
        push_id,
        session_id,
        raw_event as raw_assignment,
        source_file as ledger_file
    from validated_assignments
    where validation_error is not null
)

select * from rejected_assignments
