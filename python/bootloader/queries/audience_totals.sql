-- How many users are notified, of how many, and what is expected of them and of as many random users.
with

passing as (
    select
        count(*) as passing_users,
        avg(fund_probability) as average_probability
    from ranked_users($campaign, $strategy, $filters)
),

notified as (
    select
        count(*) as users,
        count(x) as users_on_map,
        sum(fund_probability) as expected_funders,
        sum(expected_amount) as expected_amount,
        min(fund_probability) as min_probability
    from notified_users($campaign, $strategy, $filters, $size, $amount)
)

select
    notified.users,
    notified.users_on_map,
    notified.expected_funders,
    notified.expected_amount,
    notified.min_probability,
    notified.users * passing.average_probability as expected_at_random,
    passing.passing_users,
    (select count(*) from users) as all_users
from notified
cross join passing
