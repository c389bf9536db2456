-- How many users are left out, by what of and why.
select
    scope,
    reason,
    count(*) as users,
    cast(sum(records) as bigint) as records
from user_exclusions
group by scope, reason
order by scope, users desc, reason
