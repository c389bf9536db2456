-- A user without a vector would silently be missing from every audience, and vectors of different
-- lengths cannot be compared.
with

embeddings as (
    select
        users.session_id,
        len(user_embeddings.embedding) as dimensions
    from {{ ref('users') }} as users
    left join {{ ref('user_embeddings') }} as user_embeddings
        on users.session_id = user_embeddings.session_id
),

longest as (
    select max(dimensions) as dimensions
    from embeddings
)

select
    embeddings.session_id,
    embeddings.dimensions
from embeddings
cross join longest
where embeddings.dimensions is null or embeddings.dimensions <> longest.dimensions
