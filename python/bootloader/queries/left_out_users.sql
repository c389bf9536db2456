-- Users of an audience who must not be in the next push, by the reason.
select
    push_eligibility.reason,
    count(*) as users
from push_plan
inner join strategy_rankings
    on
        push_plan.campaign = strategy_rankings.campaign
        and push_plan.strategy = strategy_rankings.strategy
        and strategy_rankings.score_rank <= push_plan.audience_users
inner join push_eligibility
    on
        strategy_rankings.campaign = push_eligibility.campaign
        and strategy_rankings.session_id = push_eligibility.session_id
where
    push_plan.campaign = $campaign
    and push_plan.strategy = $strategy
    and push_plan.audience_percent = $audience_percent
    and push_plan.control_percent = $control_percent
    and push_eligibility.reason is not null
group by push_eligibility.reason
order by push_eligibility.reason
