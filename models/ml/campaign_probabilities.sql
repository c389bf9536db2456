with

campaigns as (
    select * from {{ ref('campaigns') }}
),

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where role = 'score'
),

campaign_probabilities as (
    select
        fund_scores.network,
        campaigns.campaign,
        fund_scores.session_id,
        -- The chance of any funding is one minus the chance of none. A list in the order of its
        -- categories gives the same last bit in every build.
        1 - list_product(
            list(1 - fund_scores.fund_probability order by campaigns.category)
        ) as fund_probability
    from campaigns
    inner join fund_scores on campaigns.category = fund_scores.category
    group by fund_scores.network, campaigns.campaign, fund_scores.session_id
)

select * from campaign_probabilities
