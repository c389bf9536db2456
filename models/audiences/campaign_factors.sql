with

audience_factors as (
    select * from {{ ref('audience_factors') }}
),

averages as (
    select
        campaign,
        factor,
        category,
        count(*) as users,
        avg(cast(abs(effect) as decimal(18, 12))) as average_effect,
        count(*) filter (where effect > 0) as users_raised
    from audience_factors
    group by campaign, factor, category
),

campaign_factors as (
    select
        campaign,
        factor,
        category,
        users,
        users_raised,
        average_effect,
        row_number() over (
            partition by campaign
            order by average_effect desc, factor asc, category asc
        ) as factor_rank
    from averages
)

select * from campaign_factors
