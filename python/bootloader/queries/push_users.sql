-- Who is in the recommended segments and may get a push.
select
    push_segment_users.position,
    push_segment_users.session_id
from push_segment_users
inner join push_eligibility
    on
        push_segment_users.campaign = push_eligibility.campaign
        and push_segment_users.session_id = push_eligibility.session_id
where
    push_segment_users.campaign = $campaign
    and push_segment_users.cutoff = 0
    and push_segment_users.targeting = 'recommended_segments'
    and push_eligibility.reason is null
order by push_segment_users.position asc, push_segment_users.session_id asc
