select
    similarity,
    age,
    gender_cleaned,
    marital_status,
    device,
    city,
    state,
    session_id
from users_similar_to($session_id)
order by similarity_rank asc
limit $max_users
