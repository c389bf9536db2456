-- Users of a ranking who must not get a push now, by the reason.
select
    push_eligibility.reason,
    count(*) as users
from strategy_rankings
inner join push_eligibility
    on
        strategy_rankings.campaign = push_eligibility.campaign
        and strategy_rankings.session_id = push_eligibility.session_id
where
    strategy_rankings.campaign = $campaign
    and strategy_rankings.strategy = $strategy
    and push_eligibility.reason is not null
group by push_eligibility.reason
order by users desc, push_eligibility.reason asc
