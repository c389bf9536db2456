-- What a push caused, by outcome and day.
select
    outcome,
    day,
    days_left,
    is_final,
    is_latest,
    notified_users,
    control_users,
    notified_mean,
    control_mean,
    difference,
    difference_low,
    difference_high,
    ratio,
    ratio_low,
    ratio_high,
    incremental,
    incremental_low,
    incremental_high,
    messages,
    per_message,
    per_message_low,
    per_message_high,
    bound,
    pushes_for_5_percent,
    verdict
from push_results
where push_id = $push_id
order by outcome asc, day asc
