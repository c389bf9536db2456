-- A table: training and scoring both read it.
{{ config(materialized='table') }}

with

snapshots as (
    select distinct snapshot_at
    from {{ ref('fund_snapshots') }}
),

past_events as (
    select
        snapshots.snapshot_at,
        events.*
    from snapshots
    inner join {{ ref('events') }} as events on snapshots.snapshot_at > events.client_time
),

users as (
    select
        snapshot_at,
        session_id,
        {{ gender_cleaned() }} as gender_cleaned,
        {{ latest_known('age') }} as age,
        {{ latest_known('marital_status') }} as marital_status,
        {{ latest_known('device') }} as device,
        {{ latest_known('state') }} as state,
        count(*) filter (where event_name = {{ sql_text(var('view_event')) }}) as total_views,
        count(*) filter (where event_name = {{ sql_text(var('fund_event')) }}) as total_funds
    from past_events
    group by snapshot_at, session_id
),

actions as (
    select
        snapshot_at,
        session_id,
        category,
        count(*) filter (where event_name = {{ sql_text(var('view_event')) }}) as views,
        count(*) filter (where event_name = {{ sql_text(var('fund_event')) }}) as funds
    from past_events
    group by snapshot_at, session_id, category
),

pending as (
    select
        snapshot_at,
        session_id,
        sum(greatest(views - funds, 0)) as total_pending_views
    from actions
    group by snapshot_at, session_id
),

categories as (
    select distinct
        snapshot_at,
        category
    from actions
),

user_category_features as (
    select
        users.snapshot_at,
        users.session_id,
        categories.category,
        users.age,
        users.gender_cleaned,
        users.marital_status,
        users.device,
        users.state,
        coalesce(actions.views, 0) as views,
        coalesce(actions.funds, 0) as funds,
        greatest(coalesce(actions.views - actions.funds, 0), 0) as pending_views,
        users.total_views,
        users.total_funds,
        pending.total_pending_views
    from users
    inner join categories on users.snapshot_at = categories.snapshot_at
    inner join pending
        on users.snapshot_at = pending.snapshot_at and users.session_id = pending.session_id
    left join actions
        on
            users.snapshot_at = actions.snapshot_at
            and users.session_id = actions.session_id
            and categories.category = actions.category
)

select * from user_category_features
