-- What each hundredth of the users adds, in the order of the strategy: the last user of each hundredth, and what
-- all up to that user are expected to bring.
with

everybody as (
    select
        strategy_rankings.score_rank as users,
        strategy_rankings.score,
        campaign_audience.fund_probability,
        sum(campaign_audience.fund_probability)
            over (order by strategy_rankings.score_rank)
            as expected_funders,
        sum(campaign_audience.expected_amount)
            over (order by strategy_rankings.score_rank)
            as expected_amount,
        count(*) over () as everybody
    from strategy_rankings
    left join campaign_audience
        on
            strategy_rankings.campaign = campaign_audience.campaign
            and strategy_rankings.session_id = campaign_audience.session_id
    where
        strategy_rankings.campaign = $campaign
        and strategy_rankings.strategy = $strategy
)

select
    users,
    score,
    fund_probability,
    expected_funders,
    expected_amount
from everybody
qualify row_number() over (partition by ceil(users * 100 / everybody) order by users desc) = 1
order by users asc
