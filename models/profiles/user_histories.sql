{#- Gender and place have their own rules. -#}
{%- set plain_fields = profile_fields() | reject('in', ['gender'] + location_fields()) | list -%}

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
        {%- for field in plain_fields %}
        {{ latest_known(field) }} as {{ field }},
        {%- endfor %}
        -- A place comes from one event: the city of one event and the zip code of another could be
        -- a place that does not exist.
        {{ latest_known(
            as_struct(location_fields()),
            known='coalesce(state, city, zip_code) is not null or latitude + longitude is not null'
        ) }} as place,
        {%- for field in profile_fields() %}
        coalesce(min({{ field }}) <> max({{ field }}), false) as has_several_{{ field }},
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
        {{ for_each_column(plain_fields, 'summarised.{column}') }},
        {{ for_each_column(location_fields(), 'summarised.place.{column}') }},
        {{ for_each_column(profile_fields(), 'summarised.has_several_{column}') }},
        summarised.events,
        summarised.first_client_time,
        summarised.last_client_time
    from summarised
)

select * from user_histories
