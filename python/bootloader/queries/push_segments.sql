-- The recommended segments first, then the least likely to be chance.
select *
from push_segments
where campaign = $campaign
order by
    recommended_position asc nulls last,
    q_value asc,
    users desc,
    segment asc
