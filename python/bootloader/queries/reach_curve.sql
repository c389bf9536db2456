-- What each hundredth of the users adds, in the order of the strategy. Suggested is the size after which a
-- further user is less likely to fund than the average one: where the curve is farthest above a random push.
with

everybody as (
    select
        position as users,
        passing_users,
        fund_probability,
        sum(fund_probability) over (order by position) as expected_funders,
        sum(expected_amount) over (order by position) as expected_amount,
        sum(fund_probability) over () as all_expected_funders
    from ranked_users($campaign, $strategy, $filters)
),

curve as (
    select
        users,
        fund_probability,
        expected_funders,
        expected_amount,
        all_expected_funders * users / passing_users as expected_at_random
    from everybody
    qualify
        row_number() over (partition by ceil(users * 100 / passing_users) order by users desc) = 1
)

select
    *,
    coalesce(
        users = arg_max(users, expected_funders - expected_at_random) over (),
        false
    ) as is_suggested
from curve
order by users asc
