with

snapshot_user_embeddings as (
    select * from {{ ref('snapshot_user_embeddings') }}
),

user_embeddings as (
    select
        session_id,
        embedding
    from snapshot_user_embeddings
    where snapshot = 0
)

select * from user_embeddings
