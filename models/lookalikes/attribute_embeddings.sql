with

cutoff_attribute_embeddings as (
    select * from {{ ref('cutoff_attribute_embeddings') }}
),

attribute_embeddings as (
    select
        attribute,
        value,
        embedding
    from cutoff_attribute_embeddings
    where cutoff = 0
)

select * from attribute_embeddings
