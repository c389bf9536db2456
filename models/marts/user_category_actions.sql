with

category_action_counts as (
    select * from {{ ref('category_action_counts') }}
),

category_action_intervals as (
    select * from {{ ref('category_action_intervals') }}
),

users as (
    select * from {{ ref('users') }}
),

user_category_actions as (
    select
        counts.session_id,
        counts.category,
        counts.funds,
        counts.views,
        -- Where there is nothing to divide by, both ratios are 0, as in the reference notebook.
        coalesce(counts.views / nullif(cast(counts.funds as double), 0), 0) as views_per_funding,
        intervals.interval_between_actions,
        coalesce(counts.funds / nullif(cast(counts.views as double), 0), 0) as avg_conversion_ratio,
        counts.amount_funded,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from category_action_counts as counts
    inner join category_action_intervals as intervals
        on counts.session_id = intervals.session_id and counts.category = intervals.category
    inner join users on counts.session_id = users.session_id
)

select * from user_category_actions
