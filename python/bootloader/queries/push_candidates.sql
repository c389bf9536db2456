-- The users of an audience, and why some of them must not be in a push. Pushes are those of all known ledgers, whether
-- the build has read them or not; the rest is what the build says in push_eligibility.
with

plan as (
    select
        audience_users,
        cast($starts_at as timestamp) as starts_at,
        cast($starts_at as timestamp) + to_seconds(horizon_days * 86400) as ends_at
    from push_plan
    where
        campaign = $campaign
        and strategy = $strategy
        and audience_percent = $audience_percent
        and control_percent = $control_percent
),

ranking as (
    select
        session_id,
        score_rank,
        score_rank / cast(count(*) over () as double) as audience_share
    from strategy_rankings
    where campaign = $campaign and strategy = $strategy
),

-- Both arms of each push: controls stay controls, and keep their slot under the cap.
other_pushes as (
    select
        known.session_id,
        bool_or(known.starts_at < plan.ends_at and known.ends_at > plan.starts_at) as is_in_window,
        count(*) filter (
            where abs(epoch(known.starts_at - plan.starts_at)) <= build.max_pushes_days * 86400
        ) as pushes
    from known_assignments as known
    cross join plan
    cross join build
    group by known.session_id
)

select
    ranking.session_id,
    ranking.score_rank,
    ranking.audience_share,
    case
        when push_eligibility.reason in ('opted out', 'excluded from pushes')
            then push_eligibility.reason
        when other_pushes.is_in_window then 'in another push''s window'
        when
            greatest(
                coalesce(other_pushes.pushes, 0) + push_eligibility.messages_without_ledger,
                push_eligibility.messages
            )
            >= build.max_pushes
            then 'over the cap'
    end as reason
from ranking
cross join plan
cross join build
inner join push_eligibility
    on
        ranking.session_id = push_eligibility.session_id
        and push_eligibility.campaign = $campaign
left join other_pushes on ranking.session_id = other_pushes.session_id
where ranking.score_rank <= plan.audience_users
order by ranking.score_rank
