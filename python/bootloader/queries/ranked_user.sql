-- One user of a ranking, by the rank or by the session_id.
select * replace (array_to_string(reasons, '; ') as reasons)
from ranked_users($campaign, $strategy, '[]')
where score_rank = $score_rank or session_id = $session_id
