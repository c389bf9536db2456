-- A factor's effect is the difference to the probability without it. Factors that work together
-- share their joint effect, so effects do not add up.
with

campaigns as (
    select
        *,
        min(category) over (partition by campaign) as first_category
    from {{ ref('campaigns') }}
),

campaign_probabilities as (
    select * from {{ ref('campaign_probabilities') }}
    where network = 'fund_network' and model_cutoff = 0
),

features as (
    select
        *,
        {{ days_ago('view_freshness') }} as days_since_view,
        {{ days_ago('first_freshness') }} as days_known
    from {{ ref('user_category_features') }}
    where cutoff = 0
),

-- What the user did in a category changes that category only: the campaign's other categories keep
-- their probability.
effects_in_category as (
    select
        campaigns.campaign,
        scores.session_id,
        'actions_in_category' as factor,
        scores.category,
        scores.category as category_of_features,
        probabilities.fund_probability
        - (
            1 - (1 - probabilities.fund_probability)
            / (1 - scores.fund_probability)
            * (1 - scores.probabilities_without[1])
        ) as effect
    from campaigns
    inner join {{ ref('fund_scores') }} as scores on campaigns.category = scores.category
    inner join campaign_probabilities as probabilities
        on
            campaigns.campaign = probabilities.campaign
            and scores.session_id = probabilities.session_id
    where
        scores.network = 'fund_network'
        and scores.model_cutoff = 0
        and scores.split = 'score'
),

without_shared as (
    select
        campaigns.campaign,
        scores.session_id,
        -- What all categories share is the same in each of them.
        campaigns.first_category as category_of_features,
        {{ chance_of_any('scores.fund_probability') }} as fund_probability,
        -- In the order in which the network gives them.
        {{ chance_of_any('scores.probabilities_without[2]') }} as without_actions_elsewhere,
        {{ chance_of_any('scores.probabilities_without[3]') }} as without_tenure,
        {{ chance_of_any('scores.probabilities_without[4]') }} as without_age,
        {{ chance_of_any('scores.probabilities_without[5]') }} as without_gender_cleaned,
        {{ chance_of_any('scores.probabilities_without[6]') }} as without_marital_status,
        {{ chance_of_any('scores.probabilities_without[7]') }} as without_device,
        {{ chance_of_any('scores.probabilities_without[8]') }} as without_state
    from campaigns
    inner join {{ ref('fund_scores') }} as scores on campaigns.category = scores.category
    where
        scores.network = 'fund_network'
        and scores.model_cutoff = 0
        and scores.split = 'score'
    group by campaigns.campaign, campaigns.first_category, scores.session_id
),

shared_effects as (
    select
        campaign,
        session_id,
        unnest(
            [
                'actions_elsewhere',
                'tenure',
                'age',
                'gender_cleaned',
                'marital_status',
                'device',
                'state'
            ]
        ) as factor,
        cast(null as varchar) as category,
        category_of_features,
        unnest(
            [
                fund_probability - without_actions_elsewhere,
                fund_probability - without_tenure,
                fund_probability - without_age,
                fund_probability - without_gender_cleaned,
                fund_probability - without_marital_status,
                fund_probability - without_device,
                fund_probability - without_state
            ]
        ) as effect
    from without_shared
),

effects as (
    select * from effects_in_category
    union all
    select * from shared_effects
),

audience_factors as (
    select
        effects.campaign,
        effects.session_id,
        effects.factor,
        effects.category,
        effects.effect,
        case effects.factor
            when 'actions_in_category'
                then
                    case
                        when features.pending_views > 0
                            then concat(
                                'viewed ', features.pending_views,
                                ' ', effects.category, ' project',
                                case when features.pending_views > 1 then 's' end,
                                ' without funding',
                                case features.days_since_view
                                    when 0 then ', the last today'
                                    when 1 then ', the last 1 day ago'
                                    else ', the last ' || features.days_since_view || ' days ago'
                                end
                            )
                        when features.views + features.funds = 0
                            then concat('has not viewed any ', effects.category, ' project')
                        else concat('funded every ', effects.category, ' project viewed')
                    end
            when 'actions_elsewhere'
                then
                    concat(
                        'viewed ', features.total_views, ' and funded ',
                        features.total_funds, ' projects in all'
                    )
            when 'tenure'
                then
                    case
                        when features.days_known >= 2 * {{ var('horizon_days') }} - 1
                            then concat('known for more than ', features.days_known, ' days')
                        when features.days_known = 0 then 'came today'
                        when features.days_known = 1 then 'came 1 day ago'
                        else concat('came ', features.days_known, ' days ago')
                    end
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
            and effects.category_of_features = features.category
)

select * from audience_factors
