-- A push would lose users between the plan and its result, unnoticed.
{{ config(severity='warn') }}

with

rejected as (
    select
        ledger_file,
        reason,
        count(*) as ledger_rows,
        min(substring(raw_assignment, 1, 200)) as example
    from {{ ref('rejected_assignments') }}
    where reason not in ('duplicate assignment', 'one user under several ids')
    group by ledger_file, reason
)

select
    rejected.ledger_file,
    concat(
        rejected.ledger_file, ': ', rejected.ledger_rows, ' rows of the ledger rejected, ''',
        rejected.reason, ''', such as ', rejected.example, '. ', reasons.remedy
    ) as message
from rejected
left join {{ ref('rejection_reasons') }} as reasons on rejected.reason = reasons.reason
