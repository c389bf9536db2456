-- Which values the users have, the most frequent first.
select
    attribute,
    user_value(users, attribute) as value,
    count(*) as users
from users
cross join (select unnest($attributes) as attribute) as attributes
group by all
order by attribute asc, users desc, value asc
