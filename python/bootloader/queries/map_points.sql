-- One row per notified user that has a place on the map, the best last, so that it is drawn on top.
select
    x,
    y,
    position,
    fund_probability,
    city,
    state,
    user_value(users, $color) as value
from notified_users($campaign, $strategy, $filters, $size, $amount) as users
where x is not null
order by position desc
