-- A table: training, calibration and scores all read it.
{{ config(materialized='table') }}

with

category_actions as (
    select
        *,
        greatest(views - funds, 0) as pending_views
    from {{ ref('category_actions') }}
    where cutoff >= 0
),

user_histories as (
    select * from {{ ref('user_histories') }}
    where cutoff >= 0
),

totals as (
    select
        cutoff,
        session_id,
        sum(views) as total_views,
        sum(funds) as total_funds,
        sum(pending_views) as total_pending_views
    from category_actions
    group by cutoff, session_id
),

categories as (
    select distinct
        cutoff,
        category
    from category_actions
),

-- Campaigns also want to reach users who did nothing in a category yet.
pairs as (
    select
        totals.cutoff,
        totals.session_id,
        categories.category,
        totals.total_views,
        totals.total_funds,
        totals.total_pending_views
    from totals
    inner join categories on totals.cutoff = categories.cutoff
),

user_category_features as (
    select
        pairs.cutoff,
        pairs.session_id,
        pairs.category,
        users.age,
        users.gender_cleaned,
        users.marital_status,
        users.device,
        users.state,
        cast(coalesce(actions.views, 0) as integer) as views,
        cast(coalesce(actions.funds, 0) as integer) as funds,
        cast(coalesce(actions.pending_views, 0) as integer) as pending_views,
        cast(pairs.total_views as integer) as total_views,
        cast(pairs.total_funds as integer) as total_funds,
        cast(pairs.total_pending_views as integer) as total_pending_views
    from pairs
    inner join user_histories as users
        on
            pairs.cutoff = users.cutoff
            and pairs.session_id = users.session_id
    left join category_actions as actions
        on
            pairs.cutoff = actions.cutoff
            and pairs.session_id = actions.session_id
            and pairs.category = actions.category
)

select * from user_category_features
