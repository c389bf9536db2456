-- Which values the users have, of the attributes that the map can be filtered by.
select
    'age' as attribute,
    coalesce(age, $unknown) as value
from users
group by all
union all
select
    'marital_status' as attribute,
    coalesce(marital_status, $unknown) as value
from users
group by all
union all
select
    'device' as attribute,
    coalesce(device, $unknown) as value
from users
group by all
union all
select
    'gender_cleaned' as attribute,
    coalesce(gender_cleaned, $unknown) as value
from users
group by all
union all
select
    'state' as attribute,
    coalesce(state, $unknown) as value
from users
group by all
order by attribute asc, value asc
