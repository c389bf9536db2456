-- Where in its audience a push worked.
select
    dimension,
    segment,
    notified_users,
    control_users,
    notified_mean,
    control_mean,
    difference,
    difference_low,
    difference_high,
    q_value
from push_effects
where push_id = $push_id
order by dimension asc, segment asc
