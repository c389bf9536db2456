with

campaign_references as (
    select * from {{ ref('campaign_references') }}
),

snapshot_user_embeddings as (
    select * from {{ ref('snapshot_user_embeddings') }}
),

best_funder_similarities as (
    select
        campaign_references.snapshot,
        campaign_references.campaign,
        everybody_else.session_id,
        campaign_references.reference_session_id,
        list_cosine_similarity(everybody_else.embedding, best_funders.embedding) as similarity
    from campaign_references
    inner join snapshot_user_embeddings as best_funders
        on
            campaign_references.snapshot = best_funders.snapshot
            and campaign_references.reference_session_id = best_funders.session_id
    inner join snapshot_user_embeddings as everybody_else
        on
            campaign_references.snapshot = everybody_else.snapshot
            and campaign_references.reference_session_id <> everybody_else.session_id
)

select * from best_funder_similarities
