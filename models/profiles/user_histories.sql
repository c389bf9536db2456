{#- Gender and place have their own rules. -#}
{%- set plain_fields = profile_fields() | reject('in', ['gender'] + location_fields()) | list -%}

with

events as (
    select * from {{ ref('events') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
),

-- Most events of a user have the same values: the steps after this one read a third of the rows.
profiles as (
    select
        cutoffs.cutoff,
        events.session_id,
        {{ for_each_column(profile_fields(), 'events.{column}') }},
        count(*) as events,
        min(events.client_time) as first_client_time,
        max(events.client_time) as last_client_time
    from cutoffs
    inner join events on cutoffs.cutoff_at > events.client_time
    group by
        cutoffs.cutoff,
        events.session_id,
        {{ for_each_column(profile_fields(), 'events.{column}') }}
),

numbered_profiles as (
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
),

summarized as (
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
    from numbered_profiles
    group by cutoff, session_id
),

user_histories as (
    select
        summarized.cutoff,
        summarized.session_id,
        coalesce(
            summarized.known_gender, {{ sql_text(var('unknown_gender')) }}
        ) as gender_cleaned,
        summarized.has_conflicting_gender,
        {{ for_each_column(plain_fields, 'summarized.{column}') }},
        {{ for_each_column(location_fields(), 'summarized.place.{column}') }},
        {{ for_each_column(profile_fields(), 'summarized.has_several_{column}') }},
        summarized.events,
        summarized.first_client_time,
        summarized.last_client_time
    from summarized
)

select * from user_histories
