with

snapshot_attribute_embeddings as (
    select * from {{ ref('snapshot_attribute_embeddings') }}
),

attribute_embeddings as (
    select
        attribute,
        value,
        embedding
    from snapshot_attribute_embeddings
    where snapshot = 0
)

select * from attribute_embeddings
