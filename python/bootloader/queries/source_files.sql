-- The files with most rejected records come first; a folder may hold more files than a page can show.
select
    source_file,
    records,
    events,
    duplicate_events,
    refunded_events,
    rejected_records,
    cast(first_event_at as varchar) as first_event_at,
    cast(last_event_at as varchar) as last_event_at
from source_file_audit
order by rejected_records desc, duplicate_events desc, source_file asc
limit $most_rows
