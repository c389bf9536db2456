-- Most events of a user have the same values: models after this one read a third of the rows.
with

events as (
    select * from {{ ref('cutoff_events') }}
),

profiles as (
    select
        cutoff,
        session_id,
        {{ profile_fields() | join(', ') }},
        count(*) as events,
        min(client_time) as first_client_time,
        max(client_time) as last_client_time
    from events
    group by cutoff, session_id, {{ profile_fields() | join(', ') }}
),

user_profiles as (
    select
        *,
        -- Of two in one second, either may count as the later one, but always the same one.
        row_number() over (
            partition by cutoff, session_id
            order by
                last_client_time,
                {{ for_each_column(profile_fields(), '{column} nulls first') }}
        ) as profile_number
    from profiles
)

select * from user_profiles
