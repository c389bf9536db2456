-- Who is in the recommended segments.
select
    position,
    session_id
from push_segment_users
where campaign = $campaign and cutoff = 0 and targeting = 'recommended_segments'
order by position asc, session_id asc
