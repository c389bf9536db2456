-- A message that was delivered could be lost between the files and the results.
with

records as (
    select count(*) as records
    from {{ ref('validated_records') }}
    where validation_error = 'push event'
),

counted as (
    select coalesce(sum(records), 0) as records
    from {{ ref('push_events') }}
)

select
    records.records as read_records,
    counted.records as counted_records
from records
cross join counted
where records.records <> counted.records
