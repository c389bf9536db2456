with

fund_scores as (
    select * from {{ ref('fund_scores') }}
    where network = 'fund_network' and split = 'score'
),

funder_directions as (
    select * from {{ ref('funder_directions') }}
),

-- Categories that the network did not learn from are left out of the comparison.
funder_similarities as (
    select
        users.model_cutoff,
        funders.campaign,
        users.session_id,
        coalesce(
            {{ cosine_from('funders.average_user', 'users.representation', 'funders.direction') }},
            0
        ) as similarity
    from fund_scores as users
    inner join funder_directions as funders
        on users.model_cutoff = funders.model_cutoff and users.category = funders.category
    group by users.model_cutoff, funders.campaign, users.session_id
)

select * from funder_similarities
