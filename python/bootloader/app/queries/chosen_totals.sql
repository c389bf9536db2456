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
    -- The notebook's best funder counts as the first of the most similar users, as in the reference
    -- notebook, and is not listed: a quarter of 10,466 users is 2,616, of whom 2,615 are listed.
    and strategy_rankings.score_rank + case $strategy when 'notebook_look_alike' then 1 else 0 end
    <= floor((select count(*) from users) * $percent / 100)
