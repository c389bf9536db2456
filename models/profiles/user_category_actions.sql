with

category_actions as (
    select * from {{ ref('category_actions') }}
    where cutoff = 0
),

users as (
    select * from {{ ref('users') }}
),

user_category_actions as (
    select
        actions.session_id,
        actions.category,
        actions.funds,
        actions.views,
        actions.views_per_funding,
        actions.interval_between_actions,
        actions.avg_conversion_ratio,
        actions.amount_funded,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from category_actions as actions
    inner join users on actions.session_id = users.session_id
)

select * from user_category_actions
