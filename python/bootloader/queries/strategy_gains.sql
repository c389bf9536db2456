select
    strategy,
    audience_percent,
    users_so_far,
    funders_so_far,
    share_of_funders
from strategy_gains
where campaign = $campaign
order by strategy asc, audience_percent asc
