with

cutoff_user_embeddings as (
    select * from {{ ref('cutoff_user_embeddings') }}
),

user_embeddings as (
    select
        session_id,
        embedding
    from cutoff_user_embeddings
    where cutoff = 0
)

select * from user_embeddings
