with

campaigns as (
    select * from {{ ref('campaigns') }}
),

histories as (
    select * from {{ ref('user_category_histories') }}
    where snapshot in (0, 2)
),

campaign_funders as (
    select
        histories.snapshot,
        campaigns.campaign,
        histories.session_id,
        sum(histories.funds) as funds
    from campaigns
    inner join histories on campaigns.category = histories.category
    where histories.funds > 0
    group by histories.snapshot, campaigns.campaign, histories.session_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by snapshot, campaign
            order by funds desc, session_id asc
        ) as funder_rank
    from campaign_funders
),

campaign_references as (
    select
        snapshot,
        campaign,
        session_id as reference_session_id,
        funds
    from ranked
    where funder_rank = 1
)

select * from campaign_references
