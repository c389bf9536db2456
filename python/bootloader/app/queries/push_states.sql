-- Where the users of the recommended segments live.
select
    users.state,
    count(*) as users
from push_segment_users
inner join users on push_segment_users.session_id = users.session_id
where
    push_segment_users.campaign = $campaign
    and push_segment_users.cutoff = 0
    and push_segment_users.targeting = 'recommended_segments'
group by users.state
order by users desc, users.state asc
