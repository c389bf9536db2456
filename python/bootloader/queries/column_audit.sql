select
    column_name,
    missing_values,
    missing_values / nullif((select sum(events) from source_file_audit), 0) as share_missing,
    users_with_several_values
from column_audit
order by missing_values desc, users_with_several_values desc nulls last, column_name asc
