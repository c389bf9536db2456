-- Most events of a user tell the same: what follows has a third of the rows to look at.
with

events as (
    select * from {{ ref('cutoff_events') }}
),

profiles as (
    select
        cutoff,
        session_id,
        gender,
        age,
        marital_status,
        device,
        state,
        city,
        zip_code,
        latitude,
        longitude,
        count(*) as events,
        min(client_time) as first_client_time,
        max(client_time) as last_client_time
    from events
    group by
        cutoff, session_id,
        gender, age, marital_status, device, state, city, zip_code, latitude, longitude
),

user_profiles as (
    select
        *,
        -- Of two in one second it does not matter which counts as the later one, as long as it is
        -- always the same.
        row_number() over (
            partition by cutoff, session_id
            order by
                last_client_time,
                gender nulls first,
                age nulls first,
                marital_status nulls first,
                device nulls first,
                state nulls first,
                city nulls first,
                zip_code nulls first,
                latitude nulls first,
                longitude nulls first
        ) as profile_number
    from profiles
)

select * from user_profiles
