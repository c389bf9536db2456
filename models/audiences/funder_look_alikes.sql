with

strategy_scores as (
    select * from {{ ref('strategy_scores') }}
    where cutoff = 0 and strategy = 'fund_network_look_alike'
),

users as (
    select * from {{ ref('users') }}
),

funder_look_alikes as (
    select
        scores.campaign,
        scores.session_id,
        scores.score as similarity,
        scores.score_rank as similarity_rank,
        scores.score_rank / cast(scores.users as double) as similarity_share,
        scores.score_rank / cast(scores.users as double) as similarity_percentile,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from strategy_scores as scores
    inner join users on scores.session_id = users.session_id
)

select * from funder_look_alikes
