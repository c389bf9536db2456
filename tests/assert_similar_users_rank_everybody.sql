-- "The most similar quarter" means something only if every user but the reference has a rank, from 1 without gaps.
with

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
left join ranks on campaign_references.campaign = ranks.campaign
where (select count(*) from {{ ref('users') }}) > 1
    and (
        ranks.ranked_users is distinct from (select count(*) - 1 from {{ ref('users') }})
        or ranks.first_rank <> 1
        or ranks.last_rank <> ranks.ranked_users
    )
