-- Which values the notified users have more often, or less often, than everybody.
with

attributes as (
    select unnest($attributes) as attribute
),

everybody as (
    select
        attributes.attribute,
        user_value(users, attributes.attribute) as value,
        count(*) as all_users
    from users
    cross join attributes
    group by all
),

notified as (
    select
        attributes.attribute,
        user_value(users, attributes.attribute) as value,
        count(*) as users
    from notified_users($campaign, $strategy, $filters, $size, $amount) as users
    cross join attributes
    group by all
)

select
    everybody.attribute,
    everybody.value,
    everybody.all_users,
    coalesce(notified.users, 0) as users,
    everybody.all_users
    / sum(everybody.all_users) over (partition by everybody.attribute) as share_of_all,
    coalesce(notified.users, 0)
    / nullif(sum(notified.users) over (partition by everybody.attribute), 0) as share_of_notified
from everybody
left join notified
    on everybody.attribute = notified.attribute and everybody.value = notified.value
order by everybody.attribute asc, everybody.all_users desc, everybody.value asc
