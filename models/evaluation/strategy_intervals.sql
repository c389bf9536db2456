-- The bootstrap of lifts, on the hundredths of each ranking. Users are drawn in 200 random groups,
-- the same ones for every strategy, so that its cost does not grow with the number of users. The
-- number of times that a group is drawn follows a Poisson distribution, which approximates drawing
-- with replacement (Chamandy et al., "Estimating Uncertainty for Massive Data Streams", 2012). A
-- replicate is the product of two lists, users and weights by group, which takes a third of the
-- time of a join.
with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

counts as (
    select
        strategy,
        campaign,
        cast(ceil(score_rank * 100.0 / users) as integer) as audience_percent,
        cast(md5_number_lower(session_id) % 200 as integer) as user_group,
        count(*) as users,
        count(*) filter (where is_funded) as funders
    from holdout_scores
    group by strategy, campaign, audience_percent, user_group
),

numbers as (
    select unnest(range(200)) as number
),

hundredths as (
    select distinct
        strategy,
        campaign,
        audience_percent
    from counts
),

group_lists as (
    select
        hundredths.strategy,
        hundredths.campaign,
        hundredths.audience_percent,
        list(cast(coalesce(counts.users, 0) as double) order by numbers.number) as users,
        list(cast(coalesce(counts.funders, 0) as double) order by numbers.number) as funders
    from hundredths
    cross join numbers
    left join counts
        on
            hundredths.strategy = counts.strategy
            and hundredths.campaign = counts.campaign
            and hundredths.audience_percent = counts.audience_percent
            and numbers.number = counts.user_group
    group by hundredths.strategy, hundredths.campaign, hundredths.audience_percent
),

draws as (
    select
        resamples.number as replicate,
        members.number as user_group,
        md5_number_lower(
            concat_ws(' ', resamples.number, members.number, {{ sql_number(var('random_seed')) }})
        ) / 18446744073709551616.0 as uniform
    from numbers as resamples
    cross join numbers as members
),

-- The Poisson distribution of mean 1, cut off where it has no more than a millionth left.
weights as (
    select
        replicate,
        user_group,
        case
            when uniform < 0.36787944 then 0
            when uniform < 0.73575888 then 1
            when uniform < 0.91969860 then 2
            when uniform < 0.98101184 then 3
            when uniform < 0.99634015 then 4
            when uniform < 0.99940582 then 5
            when uniform < 0.99991676 then 6
            when uniform < 0.99998975 then 7
            when uniform < 0.99999887 then 8
            else 9
        end as weight
    from draws
),

weight_lists as (
    select
        replicate,
        list(cast(weight as double) order by user_group) as weights
    from weights
    group by replicate
),

resampled as (
    select
        group_lists.strategy,
        group_lists.campaign,
        weight_lists.replicate,
        group_lists.audience_percent,
        list_inner_product(group_lists.users, weight_lists.weights) as users,
        list_inner_product(group_lists.funders, weight_lists.weights) as funders
    from group_lists
    cross join weight_lists
),

replicates as (
    select
        strategy,
        campaign,
        replicate,
        sum(funders) filter (where audience_percent <= 10)
        / nullif(sum(users) filter (where audience_percent <= 10), 0)
        / nullif(sum(funders) / nullif(sum(users), 0), 0) as lift_at_10,
        sum(funders) filter (where audience_percent <= 25)
        / nullif(sum(users) filter (where audience_percent <= 25), 0)
        / nullif(sum(funders) / nullif(sum(users), 0), 0) as lift_at_25
    from resampled
    group by strategy, campaign, replicate
),

strategy_intervals as (
    select
        strategy,
        campaign,
        quantile_cont(lift_at_10, 0.025) as lift_at_10_low,
        quantile_cont(lift_at_10, 0.975) as lift_at_10_high,
        quantile_cont(lift_at_25, 0.025) as lift_at_25_low,
        quantile_cont(lift_at_25, 0.975) as lift_at_25_high
    from replicates
    group by strategy, campaign
)

select * from strategy_intervals
