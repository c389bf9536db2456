with

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

learned as (
    select unnest(embeddings) as learned
    from attribute_network
),

attribute_embeddings as (
    select
        learned.attribute,
        learned.value,
        learned.embedding
    from learned
)

select * from attribute_embeddings
