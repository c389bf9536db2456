select
    cast(event_date as varchar) as event_date,
    event_name,
    sum(events) as events
from daily_events
group by event_date, event_name
order by event_date asc, event_name asc
