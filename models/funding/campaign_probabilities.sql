with

campaigns as (
    select * from {{ ref('campaigns') }}
),

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where split = 'score'
),

campaign_probabilities as (
    select
        fund_scores.network,
        fund_scores.model_cutoff,
        campaigns.campaign,
        fund_scores.session_id,
        {{ chance_of_any('fund_scores.fund_probability') }} as fund_probability
    from campaigns
    inner join fund_scores on campaigns.category = fund_scores.category
    group by
        fund_scores.network, fund_scores.model_cutoff, campaigns.campaign, fund_scores.session_id
)

select * from campaign_probabilities
