-- The files with most faults come first; a folder may hold more files than a page can show.
select
    source_file,
    records,
    events,
    repeated_events,
    faulty_records,
    cast(first_event_at as varchar) as first_event_at,
    cast(last_event_at as varchar) as last_event_at
from source_file_audit
order by faulty_records desc, repeated_events desc, source_file asc
limit $most_rows
