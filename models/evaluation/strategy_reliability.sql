with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
    where fund_probability is not null
),

strategy_reliability as (
    select
        strategy,
        campaign,
        -- Ten bins of equal width; a probability of 1 belongs to the last.
        cast(least(floor(fund_probability * 10), 9) as integer) as bin,
        count(*) as users,
        avg(cast(fund_probability as decimal(18, 12))) as predicted,
        count(*) filter (where is_funded) / cast(count(*) as double) as observed
    from holdout_scores
    group by strategy, campaign, bin
)

select * from strategy_reliability
