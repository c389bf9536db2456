with

strategy_scores as (
    select * from {{ ref('strategy_scores') }}
),

campaign_outcomes as (
    select * from {{ ref('campaign_outcomes') }}
),

holdout_scores as (
    select
        scores.strategy,
        scores.campaign,
        scores.session_id,
        scores.score,
        scores.fund_probability,
        outcomes.is_funded,
        scores.score_rank,
        scores.users
    from strategy_scores as scores
    inner join campaign_outcomes as outcomes
        on
            scores.cutoff = outcomes.cutoff
            and scores.campaign = outcomes.campaign
            and scores.session_id = outcomes.session_id
    where scores.cutoff = {{ holdout_cutoff() }}
)

select * from holdout_scores
