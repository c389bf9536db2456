-- The user that the others are compared with where users are ranked by their similarity to one.
select
    x,
    y
from user_places
where
    $strategy = 'notebook_look_alike'
    and session_id = (
        select min(reference_session_id)
        from similar_users
        where campaign = $campaign
    )
