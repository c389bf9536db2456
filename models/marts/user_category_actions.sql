{{
    config(
        materialized=made_as('incremental'),
        incremental_strategy='delete+insert',
        unique_key='session_id',
        post_hook="{{ include_batches(of='touched_users') }}"
    )
}}

with

user_category_histories as (
    select * from {{ ref('user_category_histories') }}
),

user_category_actions as (
    select
        session_id,
        category,
        funds,
        views,
        views_per_funding,
        interval_between_actions,
        avg_conversion_ratio,
        amount_funded,
        gender_cleaned,
        age,
        marital_status,
        device,
        city,
        state,
        zip_code,
        latitude,
        longitude
    from user_category_histories
    where snapshot = {{ -1 if is_incremental() else 0 }}
)

select * from user_category_actions
