-- Values that the last good build did not have, the first few of each column; unknown where there was none.
select
    column_name,
    column_value,
    events,
    is_new,
    count(*) over (partition by column_name) as new_values
from column_values
where is_new is not false
qualify
    row_number() over (partition by column_name order by events desc, column_value asc)
    <= $most_per_column
-- Columns with few new values first: a new state means more than one of a thousand zip codes.
order by new_values asc, column_name asc, events desc, column_value asc
