-- A table: training, calibration and scores all read it.
{{ config(materialized=made_as('table')) }}

with

category_action_counts as (
    select
        *,
        greatest(views - funds, 0) as pending_views
    from {{ ref('category_action_counts') }}
    where snapshot >= 0
),

session_genders as (
    select * from {{ ref('session_genders') }}
),

session_attributes as (
    select * from {{ ref('session_attributes') }}
),

totals as (
    select
        snapshot,
        session_id,
        sum(views) as total_views,
        sum(funds) as total_funds,
        sum(pending_views) as total_pending_views
    from category_action_counts
    group by snapshot, session_id
),

categories as (
    select distinct
        snapshot,
        category
    from category_action_counts
),

-- Users who did nothing yet in a category are those whom a campaign wants to reach as well.
pairs as (
    select
        totals.snapshot,
        totals.session_id,
        categories.category,
        totals.total_views,
        totals.total_funds,
        totals.total_pending_views
    from totals
    inner join categories on totals.snapshot = categories.snapshot
),

user_category_features as (
    select
        pairs.snapshot,
        pairs.session_id,
        pairs.category,
        session_attributes.age,
        session_genders.gender_cleaned,
        session_attributes.marital_status,
        session_attributes.device,
        session_attributes.state,
        cast(coalesce(counts.views, 0) as integer) as views,
        cast(coalesce(counts.funds, 0) as integer) as funds,
        cast(coalesce(counts.pending_views, 0) as integer) as pending_views,
        cast(pairs.total_views as integer) as total_views,
        cast(pairs.total_funds as integer) as total_funds,
        cast(pairs.total_pending_views as integer) as total_pending_views
    from pairs
    inner join session_genders
        on
            pairs.snapshot = session_genders.snapshot
            and pairs.session_id = session_genders.session_id
    inner join session_attributes
        on
            pairs.snapshot = session_attributes.snapshot
            and pairs.session_id = session_attributes.session_id
    left join category_action_counts as counts
        on
            pairs.snapshot = counts.snapshot
            and pairs.session_id = counts.session_id
            and pairs.category = counts.category
)

select * from user_category_features
