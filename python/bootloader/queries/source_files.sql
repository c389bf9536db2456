-- The files with most faults come first; a folder may hold more files than a page can show.
select
    source_file,
    records,
    events,
    duplicate_events,
    invalid_records,
    cast(first_event_at as varchar) as first_event_at,
    cast(last_event_at as varchar) as last_event_at
from source_file_audit
order by invalid_records desc, duplicate_events desc, source_file asc
limit $most_rows
