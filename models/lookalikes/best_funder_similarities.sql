with

campaign_references as (
    select * from {{ ref('campaign_references') }}
),

cutoff_user_embeddings as (
    select * from {{ ref('cutoff_user_embeddings') }}
),

best_funder_similarities as (
    select
        campaign_references.cutoff,
        campaign_references.campaign,
        everybody_else.session_id,
        campaign_references.reference_session_id,
        list_cosine_similarity(everybody_else.embedding, best_funders.embedding) as similarity
    from campaign_references
    inner join cutoff_user_embeddings as best_funders
        on
            campaign_references.cutoff = best_funders.cutoff
            and campaign_references.reference_session_id = best_funders.session_id
    inner join cutoff_user_embeddings as everybody_else
        on
            campaign_references.cutoff = everybody_else.cutoff
            and campaign_references.reference_session_id <> everybody_else.session_id
)

select * from best_funder_similarities
