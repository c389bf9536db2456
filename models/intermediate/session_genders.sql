with

events as (
    select * from {{ ref('events') }}
),

session_genders as (
    select
        session_id,
        {{ gender_cleaned() }} as gender_cleaned,
        count(*) filter (where gender = 'F') > 0
        and count(*) filter (where gender = 'M') > 0 as has_conflicting_gender
    from events
    group by session_id
)

select * from session_genders
