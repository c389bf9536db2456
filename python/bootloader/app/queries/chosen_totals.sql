-- The first $percent of all users in the order of the strategy, and what is expected of them.
select
    count(*) as users,
    max(strategy_rankings.score_rank) as last_rank,
    sum(campaign_audience.fund_probability) as expected_funders,
    sum(campaign_audience.expected_amount) as expected_amount
from strategy_rankings
left join campaign_audience
    on
        strategy_rankings.campaign = campaign_audience.campaign
        and strategy_rankings.session_id = campaign_audience.session_id
where
    strategy_rankings.campaign = $campaign
    and strategy_rankings.strategy = $strategy
    and strategy_rankings.push_size <= floor((select count(*) from users) * $percent / 100)
