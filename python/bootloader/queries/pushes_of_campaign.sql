-- Pushes of a campaign, the newest first. Days and shares that are not there yet are null.
select
    push_id,
    cast(any_value(starts_at) as varchar) as starts_at,
    any_value(window_days) as window_days,
    count(*) filter (where arm = 'notify') as notified_users,
    count(*) filter (where arm = 'control') as control_users
from push_assignments
where campaign = $campaign
group by push_id
order by any_value(starts_at) desc, push_id asc
