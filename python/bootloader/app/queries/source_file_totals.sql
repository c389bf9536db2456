select
    count(*) as files,
    coalesce(sum(records), 0) as records,
    coalesce(sum(events), 0) as events,
    coalesce(sum(repeated_events), 0) as repeated_events,
    coalesce(sum(faulty_records), 0) as faulty_records
from source_file_audit
