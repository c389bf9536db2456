-- What the strategy would have reached on the hold-out with a push to the best $percent of the users.
select
    strategy_gains.share_of_funders,
    strategy_gains.lift,
    strategy_gains.funders_so_far,
    strategy_gains.users_so_far,
    strategy_evaluation.funders,
    strategy_evaluation.users,
    strategy_evaluation.horizon_days,
    cast(strategy_evaluation.cut_at as varchar) as cut_at,
    strategy_evaluation.is_better_than_chance,
    strategy_evaluation.is_worse_than_chance
from strategy_gains
inner join strategy_evaluation
    on
        strategy_gains.campaign = strategy_evaluation.campaign
        and strategy_gains.strategy = strategy_evaluation.strategy
where
    strategy_gains.campaign = $campaign
    and strategy_gains.strategy = $strategy
    and strategy_gains.audience_percent = $percent
