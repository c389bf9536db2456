with

category_actions as (
    select * from {{ ref('category_actions') }}
),

user_histories as (
    select * from {{ ref('user_histories') }}
),

user_category_histories as (
    select
        actions.snapshot,
        actions.session_id,
        actions.category,
        actions.funds,
        actions.views,
        actions.views_per_funding,
        actions.interval_between_actions,
        actions.avg_conversion_ratio,
        actions.amount_funded,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from category_actions as actions
    inner join user_histories as users
        on
            actions.snapshot = users.snapshot
            and actions.session_id = users.session_id
)

select * from user_category_histories
