with

user_histories as (
    select * from {{ ref('user_histories') }}
),

users as (
    select
        session_id,
        has_conflicting_gender,
        {{ user_columns() | join(', ') }},
        -- A known gender and an unknown one do not conflict.
        cast(has_conflicting_gender as integer)
        {%- for field in profile_fields() if field != 'gender' %}
        + cast(has_several_{{ field }} as integer)
        {%- endfor %} as conflicting_attributes,
        events,
        {{ epoch_to_timestamp('first_client_time') }} as first_seen_at,
        {{ epoch_to_timestamp('last_client_time') }} as last_seen_at
    from user_histories
    where cutoff = 0
)

select * from users
