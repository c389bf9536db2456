with

campaigns as (
    select * from {{ ref('campaigns') }}
),

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where role = 'score'
),

funder_directions as (
    select * from {{ ref('funder_directions') }}
),

campaign_users as (
    select
        fund_scores.network,
        campaigns.campaign,
        fund_scores.session_id,
        flatten(list(fund_scores.representation order by campaigns.category)) as representation
    from campaigns
    inner join fund_scores on campaigns.category = fund_scores.category
    group by fund_scores.network, campaigns.campaign, fund_scores.session_id
),

-- A user may lack a category that was new at the later moment: such vectors cannot be compared.
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
    where len(users.representation) = len(funders.average_user)
)

select * from funder_similarities
