{{ config(materialized='table_function', parameters=['reference']) }}

-- A function keeps the names that it is made with: without that of the database it works in a
-- copy of the file that has another name.
with

user_embeddings as (
    select * from {{ ref('user_embeddings').include(database=false) }}
),

users as (
    select * from {{ ref('users').include(database=false) }}
),

reference_embeddings as (
    select
        session_id,
        embedding
    from user_embeddings
    where session_id = reference
),

compared as (
    select
        user_embeddings.session_id,
        list_cosine_similarity(
            user_embeddings.embedding, reference_embeddings.embedding
        ) as similarity
    from user_embeddings
    inner join reference_embeddings
        on user_embeddings.session_id <> reference_embeddings.session_id
),

users_similar_to as (
    select
        compared.session_id,
        cast(compared.similarity as double) as similarity,
        row_number() over (
            order by compared.similarity desc, compared.session_id asc
        ) as similarity_rank,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from compared
    inner join users on compared.session_id = users.session_id
)

select * from users_similar_to
