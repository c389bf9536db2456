{{ config(materialized='table_function', parameters=['session_ids']) }}

with

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where network = 'fund_network'
),

users as (
    select * from {{ ref('users') }}
),

-- A category that is newer than what the network learned from has no place in the comparison.
known_categories as (
    select distinct category
    from fund_scores
    where role = 'calibrate'
),

vectors as (
    select
        fund_scores.role,
        fund_scores.session_id,
        flatten(
            list(fund_scores.representation order by fund_scores.category)
        ) as representation
    from fund_scores
    inner join known_categories on fund_scores.category = known_categories.category
    group by fund_scores.role, fund_scores.session_id
),

listed_users as (
    select distinct unnest(cast(session_ids as varchar[])) as session_id
),

components as (
    select
        generate_subscripts(vectors.representation, 1) as position,
        -- Averaged as decimals, so that the order of the rows never matters.
        cast(unnest(vectors.representation) as decimal(18, 9)) as value,
        listed_users.session_id is not null as is_listed
    from vectors
    left join listed_users on vectors.session_id = listed_users.session_id
    where vectors.role = 'calibrate'
),

averages as (
    select
        position,
        avg(value) as everybody,
        avg(value) filter (where is_listed) as listed
    from components
    group by position
),

listed as (
    select
        cast(list(everybody order by position) as float[]) as average_user,
        cast(list(listed - everybody order by position) as float[]) as direction
    from averages
    where listed is not null
),

compared as (
    select
        vectors.session_id,
        coalesce(
            {{ cosine_from('listed.average_user', 'vectors.representation', 'listed.direction') }},
            0
        ) as similarity
    from vectors
    cross join listed
    left join listed_users on vectors.session_id = listed_users.session_id
    where
        vectors.role = 'score'
        and listed_users.session_id is null
        -- Null where nobody of the list had been seen.
        and listed.direction is not null
),

look_alikes_of as (
    select
        compared.session_id,
        cast(compared.similarity as double) as similarity,
        row_number() over (
            order by compared.similarity desc, compared.session_id asc
        ) as similarity_rank,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from compared
    inner join users on compared.session_id = users.session_id
)

select * from look_alikes_of
