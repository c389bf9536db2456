{{ config(materialized='table_function', parameters=['reference']) }}

with

user_embeddings as (
    select * from {{ ref('user_embeddings') }}
),

users as (
    select * from {{ ref('users') }}
),

compared as (
    select
        user_embeddings.session_id,
        cast(
            list_cosine_similarity(user_embeddings.embedding, reference_embeddings.embedding) as double
        ) as similarity
    from user_embeddings
    inner join user_embeddings as reference_embeddings
        on user_embeddings.session_id <> reference_embeddings.session_id
    where reference_embeddings.session_id = reference
),

users_similar_to as (
    select
        compared.similarity,
        row_number() over (
            order by compared.similarity desc, compared.session_id
        ) as similarity_rank,
        users.*
    from compared
    inner join users on compared.session_id = users.session_id
)

select * from users_similar_to
