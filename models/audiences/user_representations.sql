with

fund_scores as (
    select * from {{ ref('fund_scores') }}
),

user_representations as (
    select
        split,
        session_id,
        category,
        representation
    from fund_scores
    where network = 'fund_network' and model_cutoff = 0 and split in ('calibration', 'score')
)

select * from user_representations
