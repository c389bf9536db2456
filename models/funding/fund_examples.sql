with

fund_cutoffs as (
    select * from {{ ref('fund_cutoffs') }}
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
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        fund_cutoffs.cutoff,
        fundings.session_id,
        fundings.category
    from fund_cutoffs
    inner join fundings
        on
            fund_cutoffs.outcome_from <= fundings.client_time
            and fund_cutoffs.outcome_until > fundings.client_time
),

fund_examples as (
    select
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        features.cutoff,
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
            when fund_cutoffs.outcome_until is not null then funded.session_id is not null
        end as is_funded
    from fund_cutoffs
    inner join user_category_features as features
        on fund_cutoffs.cutoff = features.cutoff
    left join funded
        on
            fund_cutoffs.model_cutoff = funded.model_cutoff
            and fund_cutoffs.split = funded.split
            and features.cutoff = funded.cutoff
            and features.session_id = funded.session_id
            and features.category = funded.category
    {%- if var('assignments_path') and target.type == 'duckdb' %}
    left join {{ ref('fund_example_copies') }} as copies
        on
            fund_cutoffs.model_cutoff = copies.model_cutoff
            and fund_cutoffs.split = copies.split
            and features.cutoff = copies.cutoff
            and features.session_id = copies.session_id
    where coalesce(copies.copy_number, 1) > 0
    {%- endif %}
)

select * from fund_examples
