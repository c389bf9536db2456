with

fund_cutoffs as (
    select * from {{ ref('fund_cutoffs') }}
),

user_category_features as (
    select * from {{ ref('user_category_features') }}
),

push_exposures as (
    select * from {{ ref('push_exposures') }}
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
        fund_cutoffs.step,
        fund_cutoffs.cutoff,
        fundings.session_id,
        fundings.category
    from fund_cutoffs
    inner join fundings
        on
            fund_cutoffs.outcome_from <= fundings.client_time
            and fund_cutoffs.outcome_until > fundings.client_time
),

examples as (
    select
        fund_cutoffs.model_cutoff,
        fund_cutoffs.split,
        features.cutoff,
        fund_cutoffs.step,
        features.session_id,
        features.category,
        {{ for_each_column(user_attributes() + fund_features(), 'features.{column}') }},
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
            and fund_cutoffs.step = funded.step
            and features.cutoff = funded.cutoff
            and features.session_id = funded.session_id
            and features.category = funded.category
    -- Who funded in the first half of the horizon is not asked about the second.
    left join funded as funded_before
        on
            fund_cutoffs.step = 2
            and funded_before.step = 1
            and fund_cutoffs.model_cutoff = funded_before.model_cutoff
            and fund_cutoffs.split = funded_before.split
            and features.cutoff = funded_before.cutoff
            and features.session_id = funded_before.session_id
            and features.category = funded_before.category
    where
        funded_before.session_id is null
        and not (
            fund_cutoffs.is_halved
            and {{ position_by_hash("'half of ' || features.session_id") }} < 0.5
        )
),

-- A step of its own: among the joins above, a small table makes DuckDB hold the examples in memory.
fund_examples as (
    select
        examples.*,
        coalesce(exposures.notified_share, 0) as notified_share
    from examples
    left join push_exposures as exposures
        on
            examples.model_cutoff = exposures.model_cutoff
            and examples.split = exposures.split
            and examples.step = exposures.step
            and examples.cutoff = exposures.cutoff
            and examples.session_id = exposures.session_id
            and examples.category = exposures.category
)

select * from fund_examples
