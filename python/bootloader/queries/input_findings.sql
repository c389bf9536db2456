-- What may be wrong with what was read, by file or column.
select
    message,
    count(*) over () as findings
from input_findings
order by subject, message
limit $most_rows
