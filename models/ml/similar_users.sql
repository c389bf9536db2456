with

campaign_references as (
    select * from {{ ref('campaign_references') }}
),

user_embeddings as (
    select * from {{ ref('user_embeddings') }}
),

users as (
    select * from {{ ref('users') }}
),

compared as (
    select
        campaign_references.campaign,
        user_embeddings.session_id,
        campaign_references.reference_session_id,
        list_cosine_similarity(
            user_embeddings.embedding, reference_embeddings.embedding
        ) as similarity
    from campaign_references
    inner join user_embeddings as reference_embeddings
        on campaign_references.reference_session_id = reference_embeddings.session_id
    inner join user_embeddings
        on campaign_references.reference_session_id <> user_embeddings.session_id
),

user_total as (
    select count(*) as users
    from users
),

ranked as (
    select
        *,
        row_number() over (
            partition by campaign
            order by similarity desc, session_id asc
        ) as similarity_rank
    from compared
),

similar_users as (
    select
        ranked.campaign,
        ranked.session_id,
        ranked.reference_session_id,
        cast(ranked.similarity as double) as similarity,
        ranked.similarity_rank,
        ranked.similarity_rank / cast(user_total.users as double) as similarity_percentile,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from ranked
    cross join user_total
    inner join users on ranked.session_id = users.session_id
)

select * from similar_users
