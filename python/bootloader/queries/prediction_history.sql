-- What builds predicted for users who were held back, against what came true.
select
    build_id,
    score_band / 10.0 as lowest_probability,
    control_users,
    users,
    expected_funders,
    observed_funders,
    z,
    population_stability
from prediction_history
where campaign = $campaign
order by build_id asc, score_band asc
