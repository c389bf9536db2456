with

strategy_scores as (
    select * from {{ ref('strategy_scores') }}
    where cutoff = 0
),

strategy_rankings as (
    select
        strategy,
        campaign,
        session_id,
        score,
        score_rank,
        -- The notebook counts its best funder as the most similar user, and leaves it out of the
        -- list: a quarter of 10,466 users is 2,616, of whom 2,615 are listed.
        case strategy when 'notebook_look_alike' then score_rank + 1 else score_rank end
            as push_size
    from strategy_scores
)

select * from strategy_rankings
