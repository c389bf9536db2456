-- Users as they were before they funded: after funding they have no pending views, and such users
-- are the least likely to fund next.
with

campaigns as (
    select * from {{ ref('campaigns') }}
),

-- A funder of one category of a campaign counts in all its categories.
campaign_funders as (
    select distinct
        campaigns.campaign,
        fund_scores.model_cutoff,
        fund_scores.session_id
    from campaigns
    inner join {{ ref('fund_scores') }} as fund_scores
        on campaigns.category = fund_scores.category
    where
        fund_scores.split = 'calibration'
        and fund_scores.network = 'fund_network'
        and fund_scores.is_funded
),

-- The scores are read several times: a shared step would copy all representations.
components as (
    select
        model_cutoff,
        category,
        generate_subscripts(representation, 1) as position,
        -- Averaged as decimals: averages of floating numbers would depend on the order of the rows.
        cast(unnest(representation) as decimal(18, 9)) as value
    from {{ ref('fund_scores') }}
    where split = 'calibration' and network = 'fund_network'
),

everybody as (
    select
        model_cutoff,
        category,
        position,
        avg(value) as average_value
    from components
    group by model_cutoff, category, position
),

funder_components as (
    select
        campaign_funders.campaign,
        campaign_funders.model_cutoff,
        fund_scores.category,
        generate_subscripts(fund_scores.representation, 1) as position,
        cast(unnest(fund_scores.representation) as decimal(18, 9)) as value
    from campaign_funders
    inner join campaigns on campaign_funders.campaign = campaigns.campaign
    inner join {{ ref('fund_scores') }} as fund_scores
        on
            campaigns.category = fund_scores.category
            and campaign_funders.model_cutoff = fund_scores.model_cutoff
            and campaign_funders.session_id = fund_scores.session_id
    where fund_scores.split = 'calibration' and fund_scores.network = 'fund_network'
),

funders as (
    select
        campaign,
        model_cutoff,
        category,
        position,
        avg(value) as average_value
    from funder_components
    group by campaign, model_cutoff, category, position
),

-- Where the average user is, and in which direction from there those were who then funded.
directions as (
    select
        funders.campaign,
        funders.model_cutoff,
        funders.category,
        cast(list(everybody.average_value order by funders.position) as float[]) as average_user,
        cast(
            list(funders.average_value - everybody.average_value order by funders.position)
            as float[]
        ) as direction
    from funders
    inner join everybody
        on
            funders.model_cutoff = everybody.model_cutoff
            and funders.category = everybody.category
            and funders.position = everybody.position
    group by funders.campaign, funders.model_cutoff, funders.category
),

-- Categories that the network did not learn from are left out of the comparison.
funder_similarities as (
    select
        users.model_cutoff,
        directions.campaign,
        users.session_id,
        coalesce(
            {{ cosine_from(
                'directions.average_user', 'users.representation', 'directions.direction'
            ) }},
            0
        ) as similarity
    from {{ ref('fund_scores') }} as users
    inner join directions
        on users.model_cutoff = directions.model_cutoff and users.category = directions.category
    where users.network = 'fund_network' and users.split = 'score'
    group by users.model_cutoff, directions.campaign, users.session_id
)

select * from funder_similarities
