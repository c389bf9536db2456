-- How many notified users have each value, and a probability that reaches so many of the rising $steps.
select
    user_value(users, $color) as value,
    case
        when users.fund_probability is not null
            then len(list_filter($steps, lambda step: users.fund_probability >= step))
    end as step,
    count(*) as users
from notified_users($campaign, $strategy, $filters, $size, $amount) as users
group by value, step
order by value asc, step asc
