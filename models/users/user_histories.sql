{#- Where two events of a user may tell different values. -#}
{%- set attributes = [
    'gender', 'age', 'marital_status', 'device', 'state', 'city', 'zip_code', 'latitude',
    'longitude',
] -%}

with

user_profiles as (
    select * from {{ ref('user_profiles') }}
),

summarised as (
    select
        cutoff,
        session_id,
        {{ latest_known('gender', known="gender in ('F', 'M')") }} as known_gender,
        count(*) filter (where gender = 'F') > 0
        and count(*) filter (where gender = 'M') > 0 as has_conflicting_gender,
        {{ latest_known('age') }} as age,
        {{ latest_known('marital_status') }} as marital_status,
        {{ latest_known('device') }} as device,
        -- A place is taken from one event as a whole: the city of one and the zip code of another
        -- would make a place that does not exist.
        {{ latest_known(
            as_struct(['state', 'city', 'zip_code', 'latitude', 'longitude']),
            known='coalesce(state, city, zip_code) is not null or latitude + longitude is not null'
        ) }} as place,
        {%- for attribute in attributes %}
        coalesce(min({{ attribute }}) <> max({{ attribute }}), false)
            as has_several_{{ attribute }},
        {%- endfor %}
        cast(sum(events) as bigint) as events,
        min(first_client_time) as first_client_time,
        max(last_client_time) as last_client_time
    from user_profiles
    group by cutoff, session_id
),

user_histories as (
    select
        summarised.cutoff,
        summarised.session_id,
        coalesce(
            summarised.known_gender, {{ sql_text(var('unknown_gender')) }}
        ) as gender_cleaned,
        summarised.has_conflicting_gender,
        summarised.age,
        summarised.marital_status,
        summarised.device,
        summarised.place.city,
        summarised.place.state,
        summarised.place.zip_code,
        summarised.place.latitude,
        summarised.place.longitude,
        {%- for attribute in attributes %}
        summarised.has_several_{{ attribute }},
        {%- endfor %}
        summarised.events,
        summarised.first_client_time,
        summarised.last_client_time
    from summarised
)

select * from user_histories
