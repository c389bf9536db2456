with

best_funder_similarities as (
    select * from {{ ref('best_funder_similarities') }}
    where cutoff = 0
),

users as (
    select * from {{ ref('users') }}
),

user_total as (
    select count(*) as users
    from users
),

ranked as (
    select
        *,
        row_number() over (
            partition by campaign
            order by similarity desc, session_id asc
        ) as similarity_rank
    from best_funder_similarities
),

similar_users as (
    select
        ranked.campaign,
        ranked.session_id,
        ranked.reference_session_id,
        cast(ranked.similarity as double) as similarity,
        ranked.similarity_rank,
        ranked.similarity_rank / cast(user_total.users as double) as similarity_share,
        ranked.similarity_rank / cast(user_total.users as double) as similarity_percentile,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from ranked
    cross join user_total
    inner join users on ranked.session_id = users.session_id
)

select * from similar_users
