-- The campaign's best funder counts as the first of the most similar users, as in the reference
-- notebook, and is not listed: a quarter of 10,466 users is 2,616, of whom 2,615 are listed.
select
    similarity_rank,
    similarity,
    session_id,
    age,
    marital_status,
    device,
    gender_cleaned,
    city,
    state,
    zip_code,
    latitude,
    longitude
from similar_users
where
    campaign = $campaign
    and similarity_rank < floor((select count(*) from users) * $percent / 100)
order by similarity_rank asc
