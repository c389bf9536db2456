select
    factor,
    category,
    users,
    users_raised,
    average_effect,
    factor_rank
from campaign_factors
where campaign = $campaign
order by factor_rank asc
