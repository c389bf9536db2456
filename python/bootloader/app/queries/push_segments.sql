-- The recommended ones first, then the least likely to be a chance find.
select
    segment,
    state,
    age,
    gender_cleaned,
    device,
    marital_status,
    users,
    observed_funders,
    usual_funders,
    expected_funders,
    lift,
    lift_low,
    lift_high,
    q_value,
    is_recommended,
    recommended_position
from push_segments
where campaign = $campaign
order by
    recommended_position asc nulls last,
    q_value asc,
    users desc,
    state asc,
    age asc,
    gender_cleaned asc,
    device asc,
    marital_status asc
