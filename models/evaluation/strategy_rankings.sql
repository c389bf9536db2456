with

campaign_audience as (
    select * from {{ ref('campaign_audience') }}
),

by_network as (
    select
        'fund_network' as strategy,
        campaign,
        session_id,
        fund_probability as score,
        audience_rank as score_rank
    from campaign_audience
    where ranked_by = 'fund_network'
),

by_pending_views as (
    select
        'pending_views' as strategy,
        campaign,
        session_id,
        cast(pending_views as double) as score,
        row_number() over (
            partition by campaign
            order by pending_views desc, md5(session_id) asc
        ) as score_rank
    from campaign_audience
),

by_look_alike as (
    select
        'fund_network_look_alike' as strategy,
        campaign,
        session_id,
        similarity as score,
        similarity_rank as score_rank
    from {{ ref('funder_look_alikes') }}
),

by_notebook as (
    select
        'notebook_look_alike' as strategy,
        campaign,
        session_id,
        similarity as score,
        similarity_rank as score_rank
    from {{ ref('similar_users') }}
),

strategy_rankings as (
    select * from by_network
    union all
    select * from by_pending_views
    union all
    select * from by_look_alike
    union all
    select * from by_notebook
)

select * from strategy_rankings
