{#- What all categories share. What the user did in a category is a factor of it alone. -#}
{%- set shared_factors = ['actions_elsewhere', 'tenure'] + user_attributes() -%}

-- A factor's effect is the difference to the probability without it. Factors that work together
-- share their joint effect, so effects do not add up.
with

campaigns as (
    select
        *,
        min(category) over (partition by campaign) as first_category
    from {{ ref('campaigns') }}
),

features as (
    select
        *,
        {{ days_ago('view_freshness') }} as days_since_view,
        {{ days_ago('first_freshness') }} as days_known
    from {{ ref('user_category_features') }}
    where cutoff = 0
),

without_shared as (
    select
        campaigns.campaign,
        scores.session_id,
        -- What all categories share is the same in each of them.
        campaigns.first_category as category_of_features,
        {%- for factor in shared_factors %}
        {{ chance_of_any('scores.probabilities_without.' ~ factor) }} as without_{{ factor }},
        {%- endfor %}
        {{ chance_of_any('scores.fund_probability') }} as fund_probability
    from campaigns
    inner join {{ ref('fund_scores') }} as scores on campaigns.category = scores.category
    where
        scores.network = 'fund_network'
        and scores.model_cutoff = 0
        and scores.split = 'score'
    group by campaigns.campaign, campaigns.first_category, scores.session_id
),

listed_effects as (
    select
        campaign,
        session_id,
        category_of_features,
        unnest([
            {%- for factor in shared_factors %}
            {
                'factor': '{{ factor }}',
                'effect': fund_probability - without_{{ factor }}
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as listed
    from without_shared
),

shared_effects as (
    select
        listed_effects.campaign,
        listed_effects.session_id,
        listed_effects.listed['factor'] as factor,
        cast(null as varchar) as category,
        listed_effects.category_of_features,
        listed_effects.listed['effect'] as effect
    from listed_effects
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
            * (1 - scores.probabilities_without['actions_in_category'])
        ) as effect
    from campaigns
    inner join {{ ref('fund_scores') }} as scores on campaigns.category = scores.category
    inner join without_shared as probabilities
        on
            campaigns.campaign = probabilities.campaign
            and scores.session_id = probabilities.session_id
    where
        scores.network = 'fund_network'
        and scores.model_cutoff = 0
        and scores.split = 'score'
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
                        when features.days_known >= 2 * {{ sql_number(var('horizon_days')) }} - 1
                            then concat('known for more than ', features.days_known, ' days')
                        when features.days_known = 0 then 'came today'
                        when features.days_known = 1 then 'came 1 day ago'
                        else concat('came ', features.days_known, ' days ago')
                    end
            {%- for attribute in user_attributes() %}
            when '{{ attribute }}'
                then {{ attribute_as_reason(attribute, 'features.' ~ attribute) }}
            {%- endfor %}
        end as reason
    from effects
    inner join features
        on
            effects.session_id = features.session_id
            and effects.category_of_features = features.category
)

select * from audience_factors
