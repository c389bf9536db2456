{#- Fewer funders say nothing for sure. -#}
{%- set fewest_funders = 5 -%}
{#- The variance of that many more funders, as it would be if scores were exponential. -#}
{%- set funders_of_the_prior = 5 -%}
-- How well each ranking tells funders from others: the chance that a funder is above another user
-- (Mann and Whitney, 1947), and what that may be by chance. The interval is that of DeLong et al.
-- (1988) on the logit scale; of few funders it knows the variance badly, so that part is shrunk
-- toward the one of Hanley and McNeil (1982). All sums are of whole numbers.
with

holdout_scores as (
    select * from {{ ref('holdout_scores') }}
),

by_score as (
    select
        strategy,
        campaign,
        score,
        count(*) filter (where is_funded) as funders,
        count(*) filter (where not is_funded) as non_funders
    from holdout_scores
    group by strategy, campaign, score
),

-- Ties count half, so all counts are doubled.
placed as (
    select
        strategy,
        campaign,
        funders,
        non_funders,
        2 * sum(non_funders) over up_to_here - non_funders as below_here,
        2 * (sum(funders) over same_ranking - sum(funders) over up_to_here) + funders
            as funders_above
    from by_score
    window
        same_ranking as (partition by strategy, campaign),
        up_to_here as (
            partition by strategy, campaign
            order by score
        )
),

summed as (
    select
        strategy,
        campaign,
        cast(sum(funders) as double) as funders,
        cast(sum(non_funders) as double) as non_funders,
        cast(sum(funders * below_here) as double) as below,
        cast(sum(funders * below_here * below_here) as double) as below_squared,
        cast(sum(non_funders * funders_above * funders_above) as double) as above_squared
    from placed
    group by strategy, campaign
),

aucs as (
    select
        strategy,
        campaign,
        funders,
        non_funders,
        below / nullif(2 * funders * non_funders, 0) as auc,
        (below_squared / nullif(4 * non_funders * non_funders, 0) - funders * auc * auc)
        / nullif(funders - 1, 0) as variance_of_funders,
        (above_squared / nullif(4 * funders * funders, 0) - non_funders * auc * auc)
        / nullif(non_funders - 1, 0) as variance_of_others,
        -- Where all funders are above all non_funders, nothing would vary.
        greatest(least(auc, 1 - 0.125 / nullif(funders, 0)), 0.125 / nullif(funders, 0))
            as inner_auc
    from summed
),

variances as (
    select
        *,
        (
            (funders - 1)
            * coalesce(variance_of_funders / funders + variance_of_others / non_funders, 0)
            + {{ funders_of_the_prior }} * (
                inner_auc * (1 - inner_auc)
                + (funders - 1) * (inner_auc / (2 - inner_auc) - inner_auc * inner_auc)
                + (non_funders - 1)
                * (2 * inner_auc * inner_auc / (1 + inner_auc) - inner_auc * inner_auc)
            ) / (funders * non_funders)
        ) / (funders - 1 + {{ funders_of_the_prior }}) as variance,
        -- How far chance alone takes a ranking of that many funders and non_funders.
        {{ z_of_95_percent() }}
        * sqrt((funders + non_funders + 1) / (12 * funders * non_funders)) as by_chance
    from aucs
    where funders > 0 and non_funders > 0
),

intervals as (
    select
        *,
        ln(inner_auc / (1 - inner_auc)) as logit,
        {{ z_of_95_percent() }} * sqrt(variance) / (inner_auc * (1 - inner_auc)) as margin
    from variances
),

bounds as (
    select
        *,
        case when auc <> 0 then least(auc, 1 / (1 + exp(margin - logit))) else 0 end as auc_low,
        case when auc <> 1 then greatest(auc, 1 / (1 + exp(-margin - logit))) else 1 end
            as auc_high
    from intervals
),

auc_intervals as (
    select
        strategy,
        campaign,
        auc,
        auc_low,
        auc_high,
        funders >= {{ fewest_funders }} and auc > 0.5 + by_chance and auc_low > 0.5
        and strategy <> 'random' as is_better_than_chance,
        funders >= {{ fewest_funders }} and auc < 0.5 - by_chance and auc_high < 0.5
        and strategy <> 'random' as is_worse_than_chance
    from bounds
)

select * from auc_intervals
