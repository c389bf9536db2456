select
    strategy,
    bin,
    users,
    predicted,
    observed
from strategy_reliability
where campaign = $campaign
order by strategy asc, bin asc
