{#- In the order in which the network gives them, after what the user did in the category. -#}
{%- set shared_factors = [
    'actions_elsewhere', 'age', 'gender_cleaned', 'marital_status', 'device', 'state',
] -%}

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

-- What the user did in a category matters to that category alone: the others of the campaign keep
-- their probability.
effects_in_category as (
    select
        campaigns.campaign,
        scores.session_id,
        'actions_in_category' as factor,
        scores.category,
        scores.category as some_category,
        probabilities.fund_probability
        - (
            1 - (1 - probabilities.fund_probability)
            / (1 - scores.fund_probability)
            * (1 - scores.probabilities_without[1])
        ) as effect
    from campaigns
    inner join fund_scores as scores on campaigns.category = scores.category
    inner join campaign_probabilities as probabilities
        on
            campaigns.campaign = probabilities.campaign
            and scores.session_id = probabilities.session_id
),

without_shared as (
    select
        campaigns.campaign,
        scores.session_id,
        min(scores.category) as some_category,
        {{ chance_of_any('scores.fund_probability') }} as fund_probability
        {%- for factor in shared_factors %},
        {{ chance_of_any('scores.probabilities_without[' ~ (loop.index + 1) ~ ']') }}
            as without_{{ factor }}
        {%- endfor %}
    from campaigns
    inner join fund_scores as scores on campaigns.category = scores.category
    group by campaigns.campaign, scores.session_id
),

shared_effects as (
    select
        campaign,
        session_id,
        unnest({{ shared_factors }}) as factor,
        cast(null as varchar) as category,
        some_category,
        unnest(
            [
                fund_probability - without_{{ shared_factors | join(', fund_probability - without_') }}
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
                        when features.pending_views = 1
                            then '1 pending view in ' || effects.category
                        when features.pending_views > 1
                            then concat(
                                features.pending_views, ' pending views in ', effects.category
                            )
                        when features.views + features.funds = 0
                            then 'has not looked at ' || effects.category
                        else 'has funded all that was viewed in ' || effects.category
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
