{%- set published = serving_copy_table('events') -%}
-- What the published build has and this one lost, although its files are still there.
with

events_in_all as (
    {% if published %}
    select
        session_id,
        event_name,
        source_file
    from {{ published }}
    {% else %}
    select
        cast(null as varchar) as session_id,
        cast(null as varchar) as event_name,
        cast(null as varchar) as source_file
    where false
    {% endif %}
),

published_events as (
    select
        events_in_all.session_id,
        events_in_all.event_name
    from events_in_all
    semi join {{ ref('source_file_audit') }} as files
        on events_in_all.source_file = files.source_file
),

names as (
    select distinct event_name
    from {{ ref('events') }}
),

lost_names as (
    select
        published_events.event_name,
        count(*) as published_events
    from published_events
    left join names on published_events.event_name = names.event_name
    where names.event_name is null
    group by published_events.event_name
),

published_users as (
    select distinct coalesce(aliases.session_id, published_events.session_id) as session_id
    from published_events
    left join {{ ref('user_aliases') }} as aliases
        on published_events.session_id = aliases.alias_id
),

-- Who is left out on purpose is not lost.
counted_users as (
    select
        count(*) as published_users,
        count(*) filter (where users.session_id is null) as lost_users
    from published_users
    left join {{ ref('users') }} as users on published_users.session_id = users.session_id
    left join {{ ref('user_exclusions') }} as exclusions
        on
            published_users.session_id = exclusions.session_id
            and exclusions.scope = 'everything'
    where exclusions.session_id is null
),

build_losses as (
    select
        concat('events named ', event_name) as lost,
        published_events as published,
        cast(0 as bigint) as kept,
        format(
            'it lost all {:,} events named {} of the published one', published_events, event_name
        ) as message
    from lost_names
    union all
    select
        'users' as lost,
        published_users as published,
        published_users - lost_users as kept,
        format(
            'it lost {:,} of the {:,} users of the published one', lost_users, published_users
        ) as message
    from counted_users
    where lost_users > published_users / 2.0
)

select * from build_losses
