with

attribute_network as (
    select * from {{ ref('attribute_network') }}
),

learned as (
    select
        cutoff,
        unnest(embeddings) as learned
    from attribute_network
),

cutoff_attribute_embeddings as (
    select
        learned.cutoff,
        learned.learned.attribute,
        learned.learned.value,
        learned.learned.embedding
    from learned
)

select * from cutoff_attribute_embeddings
