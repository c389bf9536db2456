select
    reason,
    left(raw_event, $most_characters)
    || case when length(raw_event) > $most_characters then '…' else '' end as record,
    min(source_file) as source_file
from rejected_events
group by reason, raw_event
qualify row_number() over (partition by reason order by raw_event) <= $per_reason
order by reason asc, raw_event asc
