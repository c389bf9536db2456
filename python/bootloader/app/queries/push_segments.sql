-- The recommended segments first, then the least likely to be chance. `times_expected` is how many times as
-- likely to fund its users are as everybody: what a push gains over a random one.
select
    segments.*,
    segments.expected_funders / nullif(segments.users, 0)
    / nullif(reach.expected_funders / nullif(reach.users, 0), 0) as times_expected
from push_segments as segments
left join push_reach as reach
    on
        segments.campaign = reach.campaign
        and reach.cutoff = 0
        and reach.targeting = 'everybody'
where segments.campaign = $campaign
order by
    segments.recommended_position asc nulls last,
    segments.q_value asc,
    segments.users desc,
    segments.segment asc
