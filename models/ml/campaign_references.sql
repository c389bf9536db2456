with

campaigns as (
    select * from {{ ref('campaigns') }}
),

user_category_actions as (
    select * from {{ ref('user_category_actions') }}
),

campaign_funders as (
    select
        campaigns.campaign,
        user_category_actions.session_id,
        sum(user_category_actions.funds) as funds
    from campaigns
    inner join user_category_actions on campaigns.category = user_category_actions.category
    where user_category_actions.funds > 0
    group by campaigns.campaign, user_category_actions.session_id
),

ranked as (
    select
        *,
        row_number() over (partition by campaign order by funds desc, session_id asc) as funder_rank
    from campaign_funders
),

campaign_references as (
    select
        campaign,
        session_id as reference_session_id,
        funds
    from ranked
    where funder_rank = 1
)

select * from campaign_references
