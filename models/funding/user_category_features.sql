with

campaign_categories as (
    select distinct category from {{ loaded_seed('campaigns') }}
),

category_actions as (
    select
        *,
        greatest(views - funds, 0) as pending_views
    from {{ ref('category_actions') }}
),

user_histories as (
    select * from {{ ref('user_histories') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
),

totals as (
    select
        cutoff,
        session_id,
        sum(views) as total_views,
        sum(funds) as total_funds,
        sum(pending_views) as total_pending_views,
        max(last_view_time) as last_view_time,
        max(last_fund_time) as last_fund_time,
        cast(sum(amount) as double) / nullif(sum(amounts), 0) as mean_amount
    from category_actions
    group by cutoff, session_id
),

seen_categories as (
    select distinct
        cutoff,
        category
    from category_actions
),

numbers_of_categories as (
    select
        cutoff,
        count(*) as categories
    from seen_categories
    group by cutoff
),

-- Of many, only those of campaigns: all users times thousands of categories would be too many rows.
categories as (
    select
        seen_categories.cutoff,
        seen_categories.category
    from seen_categories
    inner join numbers_of_categories as numbers on seen_categories.cutoff = numbers.cutoff
    left join campaign_categories on seen_categories.category = campaign_categories.category
    where
        campaign_categories.category is not null
        or numbers.categories <= {{ sql_number(var('max_categories')) }}
),

-- Campaigns also want to reach users who did nothing in a category yet.
pairs as (
    select
        totals.cutoff,
        totals.session_id,
        categories.category,
        totals.total_views,
        totals.total_funds,
        totals.total_pending_views,
        totals.last_view_time,
        totals.last_fund_time,
        totals.mean_amount
    from totals
    inner join categories on totals.cutoff = categories.cutoff
),

user_category_features as (
    select
        pairs.cutoff,
        pairs.session_id,
        pairs.category,
        {{ for_each_column(user_attributes(), 'users.{column}') }},
        cast(coalesce(actions.views, 0) as integer) as views,
        cast(coalesce(actions.funds, 0) as integer) as funds,
        cast(coalesce(actions.pending_views, 0) as integer) as pending_views,
        cast(pairs.total_views as integer) as total_views,
        cast(pairs.total_funds as integer) as total_funds,
        cast(pairs.total_pending_views as integer) as total_pending_views,
        {{ freshness('actions.last_view_time', 'cutoffs.cutoff_at') }} as view_freshness,
        {{ freshness('actions.last_fund_time', 'cutoffs.cutoff_at') }} as fund_freshness,
        {{ freshness('pairs.last_view_time', 'cutoffs.cutoff_at') }} as total_view_freshness,
        {{ freshness('pairs.last_fund_time', 'cutoffs.cutoff_at') }} as total_fund_freshness,
        -- Capped at two horizons: where everybody came at once, it would be a clock.
        {{ freshness(
            'greatest(users.first_client_time, cutoffs.cutoff_at - 4 * ' ~ half_horizon() ~ ')',
            'cutoffs.cutoff_at'
        ) }} as first_freshness,
        -- Engines differ in the last bit of a logarithm.
        round(coalesce(ln(1 + pairs.mean_amount), 0), 9) as log_mean_amount,
        -- Each step is twice as long as the one before it.
        cast(
            floor(ln(1 + (cutoffs.cutoff_at - users.first_client_time) / 86400) / ln(2)) as integer
        ) as tenure_step
    from pairs
    inner join cutoffs on pairs.cutoff = cutoffs.cutoff
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
