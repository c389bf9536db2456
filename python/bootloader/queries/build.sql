select
    build.build_id,
    build.built_at,
    -- Worth saying where it is not simply the end of the events.
    case
        when build.as_of <> build.last_event_at + interval 1 second then build.as_of
    end as as_of,
    build.horizon_days,
    build.currency,
    (select count(*) from users) as users,
    (select count(*) from input_findings) as findings,
    (select max(event_date) from daily_events) as data_until
from build
