select
    users.session_id,
    users.age,
    users.marital_status,
    users.device,
    users.gender_cleaned,
    users.city,
    users.state,
    users.latitude,
    users.longitude
from users
where users.session_id = (
    select min(reference_session_id)
    from similar_users
    where campaign = $campaign
)
