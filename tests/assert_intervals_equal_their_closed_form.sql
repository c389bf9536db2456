-- The average gap between successive actions is the whole span divided by the number of gaps: if
-- the window took actions in another order, the network would train on intervals that never were.
with

spans as (
    select
        session_id,
        category,
        coalesce(
            (max(client_time) - min(client_time)) / nullif(cast(count(*) - 1 as double), 0), 0
        ) as interval_between_actions
    from {{ ref('events') }}
    group by session_id, category
)

select
    actions.session_id,
    actions.category
from {{ ref('user_category_actions') }} as actions
full join spans
    on actions.session_id = spans.session_id and actions.category = spans.category
where actions.interval_between_actions is distinct from spans.interval_between_actions
