with

campaigns as (
    select * from {{ ref('campaigns') }}
),

holdout_examples as (
    select * from {{ ref('fund_examples') }}
    where split = 'score' and is_funded is not null
),

campaign_outcomes as (
    select
        holdout_examples.model_cutoff as cutoff,
        campaigns.campaign,
        holdout_examples.session_id,
        bool_or(holdout_examples.is_funded) as is_funded
    from campaigns
    inner join holdout_examples on campaigns.category = holdout_examples.category
    group by holdout_examples.model_cutoff, campaigns.campaign, holdout_examples.session_id
)

select * from campaign_outcomes
