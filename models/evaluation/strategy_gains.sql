with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

hundredths as (
    select
        strategy,
        campaign,
        cast(ceil(score_rank * 100.0 / users) as integer) as audience_percent,
        count(*) as users,
        count(*) filter (where is_funded) as funders
    from holdout_scores
    group by strategy, campaign, audience_percent
),

cumulated as (
    select
        *,
        cast(sum(users) over so_far as bigint) as users_so_far,
        cast(sum(funders) over so_far as bigint) as funders_so_far,
        sum(users) over everybody as all_users,
        sum(funders) over everybody as all_funders
    from hundredths
    window
        everybody as (partition by strategy, campaign),
        so_far as (partition by strategy, campaign order by audience_percent)
),

strategy_gains as (
    select
        strategy,
        campaign,
        audience_percent,
        users,
        funders,
        users_so_far,
        funders_so_far,
        funders_so_far / nullif(cast(all_funders as double), 0) as share_of_funders,
        funders_so_far / cast(users_so_far as double)
        / nullif(all_funders / cast(all_users as double), 0) as lift
    from cumulated
)

select * from strategy_gains
