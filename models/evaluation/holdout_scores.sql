-- A table: every measure is taken from it.
{{ config(materialized='table') }}

with

campaigns as (
    select * from {{ ref('campaigns') }}
),

holdout_examples as (
    select * from {{ ref('fund_examples') }}
    where model_cutoff = 2 and split = 'score'
),

campaign_users as (
    select
        campaigns.campaign,
        holdout_examples.session_id,
        bool_or(holdout_examples.is_funded) as is_funded,
        sum(holdout_examples.pending_views) as pending_views
    from campaigns
    inner join holdout_examples on campaigns.category = holdout_examples.category
    group by campaigns.campaign, holdout_examples.session_id
),

by_chance as (
    select
        'random' as strategy,
        campaign,
        session_id,
        -- A number without meaning that is the same in every build.
        md5_number_lower(session_id || {{ sql_text(var('random_seed') | string) }}) as score,
        cast(null as double) as fund_probability
    from campaign_users
),

by_pending_views as (
    select
        'pending_views' as strategy,
        campaign,
        session_id,
        pending_views as score,
        cast(null as double) as fund_probability
    from campaign_users
),

by_notebook as (
    select
        'notebook_look_alike' as strategy,
        campaign,
        session_id,
        similarity as score,
        cast(null as double) as fund_probability
    from {{ ref('best_funder_similarities') }}
    where cutoff = 2
),

by_look_alike as (
    select
        'fund_network_look_alike' as strategy,
        campaign,
        session_id,
        similarity as score,
        cast(null as double) as fund_probability
    from {{ ref('funder_similarities') }}
    where model_cutoff = 2
),

by_network as (
    select
        network as strategy,
        campaign,
        session_id,
        fund_probability as score,
        fund_probability
    from {{ ref('campaign_probabilities') }}
    where model_cutoff = 2
),

strategies as (
    select * from by_chance
    union all
    select * from by_pending_views
    union all
    select * from by_notebook
    union all
    select * from by_look_alike
    union all
    select * from by_network
),

holdout_scores as (
    select
        strategies.strategy,
        strategies.campaign,
        strategies.session_id,
        cast(strategies.score as double) as score,
        strategies.fund_probability,
        campaign_users.is_funded,
        row_number() over (
            partition by strategies.strategy, strategies.campaign
            -- Equals in an order that has nothing to do with when or how they came.
            order by strategies.score desc, md5(strategies.session_id) asc
        ) as score_rank,
        count(*) over (partition by strategies.strategy, strategies.campaign) as users
    from strategies
    inner join campaign_users
        on
            strategies.campaign = campaign_users.campaign
            and strategies.session_id = campaign_users.session_id
)

select * from holdout_scores
