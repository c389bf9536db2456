-- Pushes whose window overlaps the one to be planned.
select
    push_id,
    any_value(campaign) as campaign,
    strftime(max(ends_at), '%Y-%m-%d %H:%M') as ends_at,
    count(*) as users
from known_assignments
where
    starts_at < cast($starts_at as timestamp) + to_seconds($window_days * 86400)
    and ends_at > cast($starts_at as timestamp)
group by push_id
order by push_id
