with

events as (
    select * from {{ ref('snapshot_events') }}
),

session_genders as (
    select
        snapshot,
        session_id,
        coalesce(
            {{ latest_known('gender', known="gender in ('F', 'M')") }},
            {{ sql_text(var('unknown_gender')) }}
        ) as gender_cleaned,
        count(*) filter (where gender = 'F') > 0
        and count(*) filter (where gender = 'M') > 0 as has_conflicting_gender
    from events
    group by snapshot, session_id
)

select * from session_genders
