select
    strategy_rankings.score_rank,
    strategy_rankings.score,
    campaign_audience.fund_probability,
    campaign_audience.expected_amount,
    array_to_string(campaign_audience.reasons, '; ') as reasons,
    users.session_id,
    users.age,
    users.marital_status,
    users.device,
    users.gender_cleaned,
    users.city,
    users.state,
    users.zip_code,
    users.latitude,
    users.longitude
from strategy_rankings
inner join users on strategy_rankings.session_id = users.session_id
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
order by strategy_rankings.score_rank asc
