-- What can be used now for the campaign: the recommended one first, then the fallback, then by what was measured.
select
    strategy_rankings.strategy,
    coalesce(bool_or(strategy_evaluation.is_recommended), false) as is_recommended,
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
    strategy_rankings.strategy = $fallback desc,
    auc desc nulls last,
    strategy_rankings.strategy asc
