-- What a push of one size with one control group could show.
select
    audience_users,
    control_users,
    base_rate,
    variance_left,
    smallest_effect,
    smallest_relative_effect,
    pushes_for_5_percent,
    forgone_funders,
    cast(cut_at as varchar) as cut_at,
    horizon_days,
    reason
from push_plan
where
    campaign = $campaign
    and strategy = $strategy
    and audience_percent = $audience_percent
    and control_percent = $control_percent
