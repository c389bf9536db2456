-- What each state brings, and how likely its users are to fund, as a multiple of all users of the campaign.
with

notified as (
    select
        state,
        count(*) as users,
        sum(fund_probability) as expected_funders
    from notified_users($campaign, $strategy, $filters, $size, $amount)
    group by state
),

everybody as (
    select
        users.state,
        count(*) as all_users,
        avg(audience.fund_probability) / any_value(average.fund_probability) as lift
    from campaign_audience as audience
    inner join users on audience.session_id = users.session_id
    cross join (
        select avg(fund_probability) as fund_probability
        from campaign_audience
        where campaign = $campaign
    ) as average
    where audience.campaign = $campaign
    group by users.state
)

select
    everybody.state,
    everybody.all_users,
    everybody.lift,
    coalesce(notified.users, 0) as users,
    coalesce(notified.expected_funders, 0) as expected_funders
from everybody
left join notified on everybody.state = notified.state
where everybody.state is not null
order by everybody.state asc
