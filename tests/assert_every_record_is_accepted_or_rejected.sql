-- An analyst could not trust any total if a record were lost or counted twice.
with

records as (
    select
        source_file,
        count(*) as records
    from {{ ref('validated_records') }}
    where coalesce(validation_error, '') not in ('push event', 'refund')
    group by source_file
),

accepted as (
    select
        source_file,
        count(*) as records
    from {{ ref('events') }}
    group by source_file
),

rejected as (
    select
        source_file,
        count(*) as records
    from {{ ref('rejected_events') }}
    group by source_file
)

select
    records.source_file,
    records.records as read_records,
    accepted.records as accepted_records,
    rejected.records as rejected_records
from records
left join accepted on records.source_file = accepted.source_file
left join rejected on records.source_file = rejected.source_file
where records.records <> coalesce(accepted.records, 0) + coalesce(rejected.records, 0)
