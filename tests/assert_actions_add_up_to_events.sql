-- Each event is one view or one funding of one user: a growth manager would otherwise see actions
-- that nobody took, or miss some.
with

actions as (
    select
        session_id,
        sum(funds + views) as events
    from {{ ref('user_category_actions') }}
    group by session_id
)

select
    users.session_id,
    users.events,
    actions.events as actions
from {{ ref('users') }} as users
full join actions on users.session_id = actions.session_id
where users.events is distinct from actions.events
