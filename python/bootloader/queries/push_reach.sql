select
    push_reach.cutoff,
    push_reach.targeting,
    push_reach.users,
    push_reach.share_of_users,
    push_reach.expected_funders,
    push_reach.share_of_expected_funders,
    push_reach.funders,
    push_reach.share_of_funders,
    (
        select max(strategy_evaluation.horizon_days)
        from strategy_evaluation
    ) as horizon_days,
    (
        select cast(max(strategy_evaluation.cut_at) as varchar)
        from strategy_evaluation
    ) as cut_at
from push_reach
where push_reach.campaign = $campaign
order by push_reach.cutoff asc, push_reach.targeting asc
