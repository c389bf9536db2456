-- What can be used now for the campaign: the recommended one first. Pending views come next, which need no network and
-- are easy to explain; the others follow by what was measured.
select
    strategy_rankings.strategy,
    coalesce(bool_or(strategy_evaluation.is_recommended), false) as is_recommended,
    coalesce(bool_or(strategy_evaluation.is_worse_than_chance), false) as is_worse_than_chance,
    max(strategy_evaluation.auc) as auc
from strategy_rankings
left join strategy_evaluation
    on
        strategy_rankings.campaign = strategy_evaluation.campaign
        and strategy_rankings.strategy = strategy_evaluation.strategy
where strategy_rankings.campaign = $campaign
group by strategy_rankings.strategy
order by
    is_recommended desc,
    strategy_rankings.strategy = 'pending_views' desc,
    auc desc nulls last,
    strategy_rankings.strategy asc
