-- Values that the last good build did not have, the most frequent first; unknown where there was none.
select
    column_name,
    column_value,
    events,
    is_new
from column_values
where is_new is not false
order by events desc, column_name asc, column_value asc
limit $most_rows
