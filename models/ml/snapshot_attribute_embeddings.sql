with

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

learned as (
    select
        snapshot,
        unnest(embeddings) as learned
    from attribute_network
),

snapshot_attribute_embeddings as (
    select
        learned.snapshot,
        learned.learned.attribute,
        learned.learned.value,
        learned.learned.embedding
    from learned
)

select * from snapshot_attribute_embeddings
