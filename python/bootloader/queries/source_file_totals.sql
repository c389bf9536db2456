select
    count(*) as files,
    coalesce(sum(records), 0) as records,
    coalesce(sum(events), 0) as events,
    coalesce(sum(duplicate_events), 0) as duplicate_events,
    coalesce(sum(invalid_records), 0) as invalid_records
from source_file_audit
