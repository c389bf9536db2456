-- Users who may be no customers, those with most events first.
select
    session_id,
    signs,
    events,
    count(*) over () as candidates
from exclusion_candidates
order by events desc, session_id asc
limit $most_rows
