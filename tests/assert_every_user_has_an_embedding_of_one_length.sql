-- A user without a vector would silently be missing from every audience, and vectors of different lengths
-- cannot be compared.
with

lengths as (
    select
        users.session_id,
        len(user_embeddings.embedding) as embedding_length
    from {{ ref('users') }} as users
    left join {{ ref('user_embeddings') }} as user_embeddings
        on users.session_id = user_embeddings.session_id
)

select
    session_id,
    embedding_length
from lengths
where embedding_length is distinct from (select max(embedding_length) from lengths)
    or embedding_length is null
