-- The users that one strategy notifies and another one does not.
select * replace (array_to_string(reasons, '; ') as reasons)
from notified_users($campaign, $strategy, $filters, $size, $amount)
where
    session_id not in (
        select session_id
        from notified_users($campaign, $versus, $filters, $size, $amount)
    )
order by position asc
limit $max_users
