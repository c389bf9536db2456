{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook='{{ delete_changed_users() }}',
        full_refresh=target.type == 'spark' or none
    )
}}

with

user_histories as (
    select * from {{ ref('user_histories') }}
),

users as (
    select
        session_id,
        gender_cleaned,
        has_conflicting_gender,
        age,
        marital_status,
        device,
        city,
        state,
        zip_code,
        latitude,
        longitude,
        -- A gender that one event knows and another does not is no conflict.
        cast(has_conflicting_gender as integer)
        + cast(has_several_age as integer)
        + cast(has_several_marital_status as integer)
        + cast(has_several_device as integer)
        + cast(has_several_city as integer)
        + cast(has_several_latitude as integer)
        + cast(has_several_longitude as integer)
        + cast(has_several_state as integer)
        + cast(has_several_zip_code as integer)
            as conflicting_attributes,
        events,
        {{ epoch_to_timestamp('first_client_time') }} as first_seen_at,
        {{ epoch_to_timestamp('last_client_time') }} as last_seen_at
    from user_histories
    where cutoff = {{ -1 if is_incremental() else 0 }}
)

select * from users
