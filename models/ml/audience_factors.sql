-- What the fund network would say, were one factor of a user nothing special: the difference is the
-- factor's effect. Effects of factors that work together each hold what they do together, so they
-- do not add up.
with

campaigns as (
    select * from {{ ref('campaigns') }}
),

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where network = 'fund_network' and role = 'score'
),

campaign_probabilities as (
    select * from {{ ref('campaign_probabilities') }}
    where network = 'fund_network'
),

features as (
    select * from {{ ref('user_category_features') }}
    where snapshot = 0
),

-- In the order in which the network gives them.
scores as (
    select
        session_id,
        category,
        fund_probability,
        unnest(
            [
                'actions_in_category',
                'actions_elsewhere',
                'age',
                'gender_cleaned',
                'marital_status',
                'device',
                'state'
            ]
        ) as factor,
        unnest(probabilities_without) as probability_without
    from fund_scores
),

campaign_scores as (
    select
        campaigns.campaign,
        scores.session_id,
        scores.category,
        scores.factor,
        -- What the user did in a category matters to that category alone.
        case when scores.factor = 'actions_in_category' then scores.category end as own_category,
        scores.fund_probability,
        scores.probability_without,
        probabilities.fund_probability as campaign_probability
    from campaigns
    inner join scores on campaigns.category = scores.category
    inner join campaign_probabilities as probabilities
        on
            campaigns.campaign = probabilities.campaign
            and scores.session_id = probabilities.session_id
),

-- The other categories of the campaign keep their probability where a factor is not theirs.
effects as (
    select
        campaign,
        session_id,
        factor,
        own_category,
        any_value(campaign_probability) as campaign_probability,
        1 - case
            when own_category is null
                then list_product(list(1 - probability_without order by category))
            else
                (1 - any_value(campaign_probability))
                / (1 - any_value(fund_probability))
                * (1 - any_value(probability_without))
        end as probability_without,
        min(category) as some_category
    from campaign_scores
    group by campaign, session_id, factor, own_category
),

audience_factors as (
    select
        effects.campaign,
        effects.session_id,
        effects.factor,
        effects.own_category as category,
        effects.campaign_probability - effects.probability_without as effect,
        case effects.factor
            when 'actions_in_category'
                then
                    case
                        when features.pending_views = 1
                            then '1 pending view in ' || effects.own_category
                        when features.pending_views > 1
                            then concat(
                                features.pending_views, ' pending views in ', effects.own_category
                            )
                        when features.views + features.funds = 0
                            then 'has not looked at ' || effects.own_category
                        else 'has funded all that was viewed in ' || effects.own_category
                    end
            when 'actions_elsewhere'
                then
                    concat(
                        'all categories: views ', features.total_views,
                        ', fundings ', features.total_funds
                    )
            when 'age' then 'age ' || coalesce(features.age, 'unknown')
            when 'gender_cleaned'
                then
                    case features.gender_cleaned
                        when 'F' then 'woman' when 'M' then 'man' else 'gender unknown'
                    end
            when 'marital_status' then coalesce(features.marital_status, 'marital status unknown')
            when 'device' then coalesce('uses ' || features.device, 'device unknown')
            when 'state' then coalesce('lives in ' || features.state, 'state unknown')
        end as reason
    from effects
    inner join features
        on
            effects.session_id = features.session_id
            and effects.some_category = features.category
)

select * from audience_factors
