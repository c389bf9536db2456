with

fund_scores as (
    select * from {{ ref('fund_scores') }}
),

fund_probabilities as (
    select
        session_id,
        category,
        fund_probability
    from fund_scores
    where network = 'fund_network' and model_cutoff = 0 and split = 'score'
)

select * from fund_probabilities
