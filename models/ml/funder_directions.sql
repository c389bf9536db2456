-- A table: every user is compared with it.
{{ config(materialized='table') }}

-- Users are taken as they were before they funded: who has funded already has nothing left pending,
-- and people like that are the least likely to fund next.
with

campaigns as (
    select * from {{ ref('campaigns') }}
),

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where role = 'calibrate'
),

campaign_examples as (
    select
        campaigns.campaign,
        fund_scores.network,
        fund_scores.session_id,
        campaigns.category,
        bool_or(fund_scores.is_funded) over (
            partition by campaigns.campaign, fund_scores.network, fund_scores.session_id
        ) as is_funder,
        fund_scores.representation
    from campaigns
    inner join fund_scores on campaigns.category = fund_scores.category
),

components as (
    select
        campaign,
        network,
        category,
        is_funder,
        generate_subscripts(representation, 1) as position,
        -- Averaged as decimals: averages of floating numbers would depend on the order of the rows.
        cast(unnest(representation) as decimal(18, 9)) as value
    from campaign_examples
),

averages as (
    select
        campaign,
        network,
        category,
        position,
        avg(value) as everybody,
        avg(value) filter (where is_funder) as funders
    from components
    group by campaign, network, category, position
),

funder_directions as (
    select
        campaign,
        network,
        cast(list(everybody order by category, position) as float[]) as average_user,
        cast(list(funders - everybody order by category, position) as float[]) as direction
    from averages
    where funders is not null
    group by campaign, network
)

select * from funder_directions
