-- An event that is neither would be counted among the events of a user, and nowhere else.
select
    event_name,
    count(*) as events
from {{ ref('events') }}
where
    event_name is null
    or event_name not in ({{ sql_text(var('view_event')) }}, {{ sql_text(var('fund_event')) }})
group by event_name
