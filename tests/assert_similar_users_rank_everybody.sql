-- "The most similar quarter" means something only if every user but the reference has a rank, 
-- from 1 without gaps.
with

everybody_else as (
    select count(*) - 1 as users
    from {{ ref('users') }}
),

ranks as (
    select
        campaign,
        count(*) as ranked_users,
        min(similarity_rank) as first_rank,
        max(similarity_rank) as last_rank
    from {{ ref('similar_users') }}
    group by campaign
)

select
    campaign_references.campaign,
    ranks.ranked_users
from {{ ref('campaign_references') }} as campaign_references
cross join everybody_else
left join ranks on campaign_references.campaign = ranks.campaign
where
    campaign_references.cutoff = 0
    and (
        coalesce(ranks.ranked_users, 0) <> everybody_else.users
        or ranks.first_rank <> 1
        or ranks.last_rank <> everybody_else.users
    )
