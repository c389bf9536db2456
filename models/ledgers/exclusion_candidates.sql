{#- More actions within a minute than a person takes. -#}
{%- set most_in_a_minute = 30 -%}
-- Users who may be no customers: staff, tests, robots, or an id that many devices share. Each would
-- take the first places of every audience.
with

users as (
    select
        session_id,
        events
    from {{ ref('users') }}
),

totals as (
    select
        count(*) as users,
        sum(events) as events
    from users
),

minutes as (
    select
        events.session_id,
        events.client_time // 60 as minute_number,
        count(*) as events_in_minute
    from {{ ref('events') }} as events
    inner join users on events.session_id = users.session_id
    where users.events >= {{ most_in_a_minute }}
    group by events.session_id, minute_number
),

busiest_minutes as (
    select
        session_id,
        max(events_in_minute) as events_in_minute
    from minutes
    group by session_id
    having max(events_in_minute) >= {{ most_in_a_minute }}
),

signs as (
    select
        session_id,
        'the id looks like a test, staff or a robot' as sign
    from users
    where
        regexp_matches(
            lower(session_id),
            '(^|[^a-z])(test|tester|testing|qa|staff|employee|internal|demo|dummy|fake|bot|robot|'
            || 'crawler|synthetic)([^a-z]|$)'
        )
    union all
    select
        session_id,
        format('{:,} events within one minute', events_in_minute) as sign
    from busiest_minutes
    union all
    -- With few users, some have that many.
    select
        users.session_id,
        format('{:.1f}% of all events', 100 * users.events / cast(totals.events as double)) as sign
    from users
    cross join totals
    where totals.users >= 1000 and users.events > totals.events / 100
),

exclusion_candidates as (
    select
        signs.session_id,
        string_agg(signs.sign, ', ' order by signs.sign) as signs,
        any_value(users.events) as events
    from signs
    inner join users on signs.session_id = users.session_id
    group by signs.session_id
)

select * from exclusion_candidates
