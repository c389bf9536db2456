with

campaigns as (
    select * from {{ ref('campaigns') }}
),

funder_directions as (
    select * from {{ ref('funder_directions') }}
),

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where
        role = 'score'
        and network in (select funder_directions.network from funder_directions)
),

-- A category that is newer than what the network learned from has no place in the comparison.
known_categories as (
    select distinct
        network,
        category
    from {{ ref('fund_scores') }}
    where role = 'calibrate'
),

campaign_users as (
    select
        fund_scores.network,
        campaigns.campaign,
        fund_scores.session_id,
        flatten(list(fund_scores.representation order by campaigns.category)) as representation
    from campaigns
    inner join fund_scores on campaigns.category = fund_scores.category
    inner join known_categories
        on
            fund_scores.network = known_categories.network
            and fund_scores.category = known_categories.category
    group by fund_scores.network, campaigns.campaign, fund_scores.session_id
),

funder_similarities as (
    select
        users.network,
        users.campaign,
        users.session_id,
        coalesce(
            {{ cosine_from('funders.average_user', 'users.representation', 'funders.direction') }},
            0
        ) as similarity
    from campaign_users as users
    inner join funder_directions as funders
        on users.network = funders.network and users.campaign = funders.campaign
)

select * from funder_similarities
