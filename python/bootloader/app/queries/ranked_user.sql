-- One user of a ranking, by the rank or by the session_id.
select
    score_rank,
    position,
    fund_probability,
    array_to_string(reasons, '; ') as reasons,
    session_id,
    age,
    gender_cleaned,
    marital_status,
    device,
    city,
    state,
    x,
    y
from ranked_users($campaign, $strategy, '[]')
where score_rank = $score_rank or session_id = $session_id
