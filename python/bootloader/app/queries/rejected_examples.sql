select
    reason,
    left(raw_event, $most_characters)
    || case when length(raw_event) > $most_characters then '…' else '' end as record,
    source_file
from rejected_events
qualify row_number() over (partition by reason order by raw_event, source_file) <= $per_reason
order by reason asc, raw_event asc, source_file asc
