-- An identifier that many devices share, or a robot, would rank first in every audience. Only where
-- there are a thousand users is one per cent of the events out of the ordinary.
{{ config(severity='warn') }}

with

totals as (
    select
        count(*) as users,
        sum(events) as events
    from {{ ref('users') }}
)

select
    users.session_id,
    concat(
        'session_id ', users.session_id, ' has ', users.events, ' of all ', totals.events,
        ' events. Where it stands for many users or for a robot, leave it out of the export.'
    ) as message
from {{ ref('users') }} as users
cross join totals
where totals.users >= 1000 and users.events > totals.events / 100
