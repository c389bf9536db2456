-- Whether the result of a push can be trusted, what must be looked at first.
select
    check_name,
    status,
    finding,
    what_to_do
from push_checks
where push_id = $push_id
order by
    list_position(['fail', 'warn', 'unknown', 'pass'], status) asc,
    check_name asc
