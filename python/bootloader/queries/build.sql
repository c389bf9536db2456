select
    build.build_id,
    build.built_at at time zone 'UTC' as built_at,
    build.as_of at time zone 'UTC' as as_of,
    (select count(*) from users) as users,
    (select max(event_date) from daily_events) as data_until,
    (select max(horizon_days) from strategy_evaluation) as horizon_days
from build
