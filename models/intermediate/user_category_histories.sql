with

category_action_counts as (
    select * from {{ ref('category_action_counts') }}
),

category_action_intervals as (
    select * from {{ ref('category_action_intervals') }}
),

session_genders as (
    select * from {{ ref('session_genders') }}
),

session_attributes as (
    select * from {{ ref('session_attributes') }}
),

user_category_histories as (
    select
        counts.snapshot,
        counts.session_id,
        counts.category,
        counts.funds,
        counts.views,
        -- Where there is nothing to divide by, both ratios are 0, as in the reference notebook.
        coalesce(counts.views / nullif(cast(counts.funds as double), 0), 0) as views_per_funding,
        intervals.interval_between_actions,
        coalesce(counts.funds / nullif(cast(counts.views as double), 0), 0) as avg_conversion_ratio,
        counts.amount_funded,
        session_genders.gender_cleaned,
        session_attributes.age,
        session_attributes.marital_status,
        session_attributes.device,
        session_attributes.city,
        session_attributes.state,
        session_attributes.zip_code,
        session_attributes.latitude,
        session_attributes.longitude
    from category_action_counts as counts
    inner join category_action_intervals as intervals
        on
            counts.snapshot = intervals.snapshot
            and counts.session_id = intervals.session_id
            and counts.category = intervals.category
    inner join session_genders
        on
            counts.snapshot = session_genders.snapshot
            and counts.session_id = session_genders.session_id
    inner join session_attributes
        on
            counts.snapshot = session_attributes.snapshot
            and counts.session_id = session_attributes.session_id
)

select * from user_category_histories
