with

funder_similarities as (
    select * from {{ ref('funder_similarities') }}
    where model_cutoff = 0
),

users as (
    select * from {{ ref('users') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by campaign
            order by similarity desc, session_id asc
        ) as similarity_rank,
        count(*) over (partition by campaign) as campaign_users
    from funder_similarities
),

funder_look_alikes as (
    select
        ranked.campaign,
        ranked.session_id,
        ranked.similarity,
        ranked.similarity_rank,
        ranked.similarity_rank / cast(ranked.campaign_users as double) as similarity_percentile,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from ranked
    inner join users on ranked.session_id = users.session_id
)

select * from funder_look_alikes
