-- What all finished pushes caused together, of all campaigns.
select
    strategy,
    outcome,
    pushes,
    notified_users,
    difference,
    difference_low,
    difference_high,
    always_valid_low,
    always_valid_high,
    share_of_heterogeneity,
    incremental,
    incremental_low,
    incremental_high
from push_program
order by pushes desc, strategy asc, outcome asc
