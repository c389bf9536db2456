{{ config(materialized='table_function', parameters=['session_ids']) }}

-- A function keeps the names that it is made with: without that of the database it works in a
-- copy of the file that has another name.
with

user_representations as (
    select * from {{ ref('user_representations').include(database=false) }}
),

users as (
    select * from {{ ref('users').include(database=false) }}
),

listed_users as (
    select distinct unnest(cast(session_ids as varchar[])) as session_id
),

components as (
    select
        user_representations.category,
        generate_subscripts(user_representations.representation, 1) as position,
        -- Averaged as decimals, so that the order of the rows never matters.
        cast(unnest(user_representations.representation) as decimal(18, 9)) as value,
        listed_users.session_id is not null as is_listed
    from user_representations
    left join listed_users on user_representations.session_id = listed_users.session_id
    where user_representations.split = 'calibration'
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
    from user_representations as users
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
