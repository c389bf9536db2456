-- Chosen users in the order of the strategy. Empty filters let everybody through; with $west and $south,
-- only those in the cell of $degrees north-east of there.
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
    and strategy_rankings.score_rank <= $last_rank
    and (len($age) = 0 or list_contains($age, coalesce(users.age, $unknown)))
    and (
        len($marital_status) = 0
        or list_contains($marital_status, coalesce(users.marital_status, $unknown))
    )
    and (len($device) = 0 or list_contains($device, coalesce(users.device, $unknown)))
    and (
        len($gender_cleaned) = 0
        or list_contains($gender_cleaned, coalesce(users.gender_cleaned, $unknown))
    )
    and (len($state) = 0 or list_contains($state, coalesce(users.state, $unknown)))
    and ($west is null or users.longitude >= $west and users.longitude < $west + $degrees)
    and ($south is null or users.latitude >= $south and users.latitude < $south + $degrees)
order by strategy_rankings.score_rank asc
limit $max_users
