with

campaigns as (
    select * from {{ ref('campaigns') }}
),

features as (
    select * from {{ ref('user_category_features') }}
    -- Now, and the start of the last horizon, on which strategies are measured.
    where cutoff in ({{ model_cutoffs() }})
),

campaign_users as (
    select
        features.cutoff,
        campaigns.campaign,
        features.session_id,
        sum(features.pending_views) as pending_views
    from campaigns
    inner join features on campaigns.category = features.category
    group by features.cutoff, campaigns.campaign, features.session_id
),

-- A baseline for comparison only.
by_chance as (
    select
        cutoff,
        'random' as strategy,
        campaign,
        session_id,
        -- A number without meaning that is the same in every build.
        md5_number_lower(session_id || {{ sql_text(var('random_seed') | string) }}) as score
    from campaign_users
    where cutoff > 0
),

by_pending_views as (
    select
        cutoff,
        'pending_views' as strategy,
        campaign,
        session_id,
        pending_views as score
    from campaign_users
),

by_notebook as (
    select
        cutoff,
        'notebook_look_alike' as strategy,
        campaign,
        session_id,
        similarity as score
    from {{ ref('best_funder_similarities') }}
),

by_recent_funders as (
    select
        model_cutoff as cutoff,
        'fund_network_look_alike' as strategy,
        campaign,
        session_id,
        similarity as score
    from {{ ref('funder_similarities') }}
),

-- The probability that the user funds a project of any category of the campaign.
by_network as (
    select
        fund_scores.model_cutoff as cutoff,
        fund_scores.network as strategy,
        campaigns.campaign,
        fund_scores.session_id,
        {{ chance_of_any('fund_scores.fund_probability') }} as score
    from campaigns
    inner join {{ ref('fund_scores') }} as fund_scores
        on campaigns.category = fund_scores.category
    where fund_scores.split = 'score'
    group by
        fund_scores.model_cutoff, fund_scores.network, campaigns.campaign, fund_scores.session_id
),

scores as (
    select
        *,
        score as fund_probability
    from by_network
    union all by name
    select * from by_recent_funders
    union all by name
    select * from by_notebook
    union all by name
    select * from by_pending_views
    union all by name
    select * from by_chance
),

strategy_scores as (
    select
        cutoff,
        strategy,
        campaign,
        session_id,
        cast(score as double) as score,
        fund_probability,
        row_number() over (
            partition by cutoff, strategy, campaign
            order by cast(score as double) desc, session_id asc
        ) as score_rank,
        count(*) over (partition by cutoff, strategy, campaign) as users
    from scores
)

select * from strategy_scores
