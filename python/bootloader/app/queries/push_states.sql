-- Where the users of the recommended segments live; those segments share no user.
select
    users.state,
    count(*) as users
from users
inner join push_segments
    on
        coalesce(users.state = push_segments.state, push_segments.state is null)
        and coalesce(users.age = push_segments.age, push_segments.age is null)
        and coalesce(
            users.gender_cleaned = push_segments.gender_cleaned,
            push_segments.gender_cleaned is null
        )
        and coalesce(users.device = push_segments.device, push_segments.device is null)
        and coalesce(
            users.marital_status = push_segments.marital_status,
            push_segments.marital_status is null
        )
where push_segments.campaign = $campaign and push_segments.is_recommended
group by users.state
order by users desc, users.state asc
