with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

percentiles as (
    select
        strategy,
        campaign,
        cast(ceil(score_rank * 100.0 / users) as integer) as percentile,
        count(*) as users,
        count(*) filter (where is_funded) as funders
    from holdout_scores
    group by strategy, campaign, percentile
),

strategy_gains as (
    select
        strategy,
        campaign,
        percentile,
        users,
        funders,
        sum(users) over so_far as users_so_far,
        sum(funders) over so_far as funders_so_far,
        sum(funders) over so_far
        / nullif(cast(sum(funders) over everybody as double), 0) as share_of_funders
    from percentiles
    window
        everybody as (partition by strategy, campaign),
        so_far as (partition by strategy, campaign order by percentile)
)

select * from strategy_gains
