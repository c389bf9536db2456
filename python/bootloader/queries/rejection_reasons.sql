-- Why records were rejected, the most frequent reason first, with what the seed says of it.
select
    rejected_events.reason,
    any_value(rejection_reasons.meaning) as meaning,
    any_value(rejection_reasons.remedy) as remedy,
    count(*) as records,
    count(distinct rejected_events.source_file) as files
from rejected_events
left join rejection_reasons on rejected_events.reason = rejection_reasons.reason
group by rejected_events.reason
order by records desc, rejected_events.reason asc
