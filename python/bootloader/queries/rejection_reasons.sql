select
    reason,
    count(*) as records,
    count(distinct source_file) as files
from rejected_events
group by reason
order by count(*) desc, reason asc
