{{ config(materialized='table_function', parameters=['session_ids']) }}

with

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where network = 'fund_network' and model_cutoff = 0
),

users as (
    select * from {{ ref('users') }}
),

listed_users as (
    select distinct unnest(cast(session_ids as varchar[])) as session_id
),

components as (
    select
        fund_scores.category,
        generate_subscripts(fund_scores.representation, 1) as position,
        -- Averaged as decimals, so that the order of the rows never matters.
        cast(unnest(fund_scores.representation) as decimal(18, 9)) as value,
        listed_users.session_id is not null as is_listed
    from fund_scores
    left join listed_users on fund_scores.session_id = listed_users.session_id
    where fund_scores.split = 'calibration'
),

averages as (
    select
        category,
        position,
        avg(value) as everybody,
        avg(value) filter (where is_listed) as listed
    from components
    group by category, position
),

-- Empty if no listed user had events by then.
listed as (
    select
        category,
        cast(list(everybody order by position) as float[]) as average_user,
        cast(list(listed - everybody order by position) as float[]) as direction
    from averages
    where listed is not null
    group by category
),

-- Categories that the network did not learn from are left out of the comparison.
compared as (
    select
        users.session_id,
        coalesce(
            {{ cosine_from('listed.average_user', 'users.representation', 'listed.direction') }},
            0
        ) as similarity
    from fund_scores as users
    inner join listed on users.category = listed.category
    where users.split = 'score'
    group by users.session_id
),

look_alikes_of as (
    select
        compared.session_id,
        compared.similarity,
        row_number() over (
            order by compared.similarity desc, compared.session_id asc
        ) as similarity_rank,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from compared
    inner join users on compared.session_id = users.session_id
    anti join listed_users on compared.session_id = listed_users.session_id
)

select * from look_alikes_of
