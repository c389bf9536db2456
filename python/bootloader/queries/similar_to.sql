select *
from users_similar_to($session_id)
order by similarity_rank asc
limit $max_users
