with

campaigns as (
    select * from {{ ref('campaigns') }}
),

category_actions as (
    select * from {{ ref('category_actions') }}
    where cutoff in ({{ model_cutoffs() }})
),

campaign_funders as (
    select
        actions.cutoff,
        campaigns.campaign,
        actions.session_id,
        sum(actions.funds) as funds
    from campaigns
    inner join category_actions as actions on campaigns.category = actions.category
    where actions.funds > 0
    group by actions.cutoff, campaigns.campaign, actions.session_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by cutoff, campaign
            order by funds desc, session_id asc
        ) as funder_rank
    from campaign_funders
),

campaign_references as (
    select
        cutoff,
        campaign,
        session_id as reference_session_id,
        funds
    from ranked
    where funder_rank = 1
)

select * from campaign_references
