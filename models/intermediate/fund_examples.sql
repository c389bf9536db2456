with

fund_snapshots as (
    select * from {{ ref('fund_snapshots') }}
),

user_category_features as (
    select * from {{ ref('user_category_features') }}
),

fundings as (
    select
        session_id,
        category,
        client_time
    from {{ ref('events') }}
    where event_name = {{ sql_text(var('fund_event')) }}
),

funded as (
    select distinct
        fund_snapshots.fitted_as_of,
        fund_snapshots.role,
        fund_snapshots.snapshot,
        fundings.session_id,
        fundings.category
    from fund_snapshots
    inner join fundings
        on
            fund_snapshots.outcome_from <= fundings.client_time
            and fund_snapshots.outcome_until > fundings.client_time
),

fund_examples as (
    select
        fund_snapshots.fitted_as_of,
        fund_snapshots.role,
        features.snapshot,
        features.session_id,
        features.category,
        features.age,
        features.gender_cleaned,
        features.marital_status,
        features.device,
        features.state,
        features.views,
        features.funds,
        features.pending_views,
        features.total_views,
        features.total_funds,
        features.total_pending_views,
        case
            when fund_snapshots.outcome_until is not null then funded.session_id is not null
        end as is_funded
    from fund_snapshots
    inner join user_category_features as features
        on fund_snapshots.snapshot = features.snapshot
    left join funded
        on
            fund_snapshots.fitted_as_of = funded.fitted_as_of
            and fund_snapshots.role = funded.role
            and features.snapshot = funded.snapshot
            and features.session_id = funded.session_id
            and features.category = funded.category
)

select * from fund_examples
