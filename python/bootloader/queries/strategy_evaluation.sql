select
    strategy,
    cast(cut_at as varchar) as cut_at,
    horizon_days,
    users,
    funders,
    base_rate,
    auc,
    auc_low,
    auc_high,
    lift_at_10,
    lift_at_10_low,
    lift_at_10_high,
    lift_at_25,
    lift_at_25_low,
    lift_at_25_high,
    expected_calibration_error,
    expected_over_observed,
    new_funder_share,
    is_better_than_chance,
    is_recommended
from strategy_evaluation
where campaign = $campaign
order by is_recommended desc, auc desc nulls last, strategy asc
