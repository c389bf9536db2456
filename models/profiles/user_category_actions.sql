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
        -- The notebook's zeros would count in an average.
        case when actions.funds > 0 then actions.views_per_funding end
            as views_per_funding_or_null,
        case when actions.funds + actions.views > 1 then actions.interval_between_actions end
            as interval_between_actions_or_null,
        case when actions.views > 0 then actions.avg_conversion_ratio end
            as avg_conversion_ratio_or_null,
        actions.amount_funded,
        {{ epoch_to_timestamp('actions.first_view_time') }} as first_viewed_at,
        {{ epoch_to_timestamp('actions.last_view_time') }} as last_viewed_at,
        {{ epoch_to_timestamp('actions.first_fund_time') }} as first_funded_at,
        {{ epoch_to_timestamp('actions.last_fund_time') }} as last_funded_at,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from category_actions as actions
    inner join users on actions.session_id = users.session_id
)

select * from user_category_actions
