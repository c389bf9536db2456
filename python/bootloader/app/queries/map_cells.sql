-- How many of the chosen users that pass the filters are in each cell of a grid of $degrees, by the value that
-- the map is coloured by. A cell is known by its south-western corner; users without coordinates have none.
with

chosen as (
    select
        campaign_audience.fund_probability,
        users.city || ', ' || users.state as place,
        floor(users.longitude / $degrees) * $degrees as west,
        floor(users.latitude / $degrees) * $degrees as south,
        coalesce(
            case $colour_by
                when 'age' then users.age
                when 'marital_status' then users.marital_status
                when 'device' then users.device
                when 'gender_cleaned' then users.gender_cleaned
                when 'state' then users.state
            end,
            $unknown
        ) as value
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
)

select
    west,
    south,
    value,
    mode(place) as place,
    count(*) as users,
    sum(fund_probability) as expected_funders
from chosen
group by west, south, value
order by west asc, south asc, value asc
