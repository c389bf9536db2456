select
    count(*) as files,
    coalesce(sum(records), 0) as records,
    coalesce(sum(events), 0) as events,
    coalesce(sum(duplicate_events), 0) as duplicate_events,
    coalesce(sum(rejected_records), 0) as rejected_records,
    (select meaning from rejection_reasons where reason = 'duplicate event') as duplicate_meaning
from source_file_audit
