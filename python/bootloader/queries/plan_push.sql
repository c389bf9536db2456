-- Who is notified and who is held back: one row per user of the audience, the first of the ranking first. The same
-- candidates, push and sizes always draw the same users.
with

eligible as (
    select
        session_id,
        score_rank,
        audience_share,
        $control_percent / 100.0 as control_share,
        row_number() over (order by score_rank) as position,
        count(*) over () as users
    from push_candidates
    where reason is null
),

-- Up to 20 parts of the ranking, and fewer where one would hold less than two controls.
stratified as (
    select
        *,
        1 + (position - 1)
        * cast(least(20, greatest(1, floor(users * control_share / 2))) as bigint)
        // users as stratum
    from eligible
),

drawn as (
    select
        *,
        row_number() over (
            partition by stratum
            order by md5($push_id || session_id) asc, session_id asc
        ) as draw,
        cast(round(count(*) over (partition by stratum) * control_share) as bigint) as controls,
        count(*) over (partition by stratum) as users_of_stratum
    from stratified
)

select
    $push_id as push_id,
    $campaign as campaign,
    $strategy as strategy,
    drawn.session_id,
    case when drawn.draw <= drawn.controls then 'control' else 'notify' end as arm,
    cast(drawn.stratum as integer) as stratum,
    drawn.controls / cast(drawn.users_of_stratum as double) as control_probability,
    campaign_audience.fund_probability,
    drawn.score_rank as audience_rank,
    drawn.audience_share,
    push_segments.segment,
    cast($starts_at as timestamp) as starts_at,
    cast($window_days as double) as window_days,
    build.build_id,
    drawn.users as planned_users
from drawn
cross join build
left join campaign_audience
    on drawn.session_id = campaign_audience.session_id and campaign_audience.campaign = $campaign
left join push_segment_users
    on
        drawn.session_id = push_segment_users.session_id
        and push_segment_users.campaign = $campaign
        and push_segment_users.cutoff = 0
        and push_segment_users.targeting = 'recommended_segments'
left join push_segments
    on
        push_segment_users.position = push_segments.recommended_position
        and push_segments.campaign = $campaign
order by drawn.score_rank asc
