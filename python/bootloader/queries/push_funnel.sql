-- What followed impressions, by day and source.
select
    source,
    cast(event_date as varchar) as event_date,
    sum(impressed) as impressed,
    sum(viewers) as viewers,
    sum(funders) as funders,
    bool_and(is_complete) as is_complete
from push_funnel
where campaign = $campaign
group by source, event_date
order by event_date asc, source asc
