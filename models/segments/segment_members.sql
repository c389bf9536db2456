with

campaigns as (
    select * from {{ ref('campaigns') }}
),

features as (
    select * from {{ ref('user_category_features') }}
    -- Now, and the start of the last horizon, on which segments are measured.
    where cutoff in ({{ model_cutoffs() }})
),

fund_probabilities as (
    select * from {{ ref('strategy_scores') }}
    where strategy = 'fund_network'
),

campaign_users as (
    select
        features.cutoff,
        campaigns.campaign,
        features.session_id,
        {{ for_each_column(user_attributes(), 'features.{column}') }},
        features.tenure_step,
        sum(features.views) as views,
        sum(features.funds) > 0 as has_funded
    from campaigns
    inner join features on campaigns.category = features.category
    -- A user's attributes are the same in every category.
    group by
        features.cutoff,
        campaigns.campaign,
        features.session_id,
        features.tenure_step,
        {{ for_each_column(user_attributes(), 'features.{column}') }}
),

-- The push tool targets what is known.
known as (
    select
        * exclude (gender_cleaned),
        nullif(gender_cleaned, 'U') as gender_cleaned
    from campaign_users
),

segment_members as (
    select
        known.cutoff,
        known.campaign,
        known.session_id,
        {{ for_each_column(user_attributes(), 'known.{column}') }},
        known.has_funded,
        -- Users with as many views, known for as long, of whom as much is known: in any segment,
        -- who views more funds more, who came earlier had more time to, and of who does more, more
        -- is known.
        avg(cast(known.has_funded as integer)) over (
            partition by
                known.cutoff,
                known.campaign,
                -- One by one up to 10 views, from there in steps of 30%.
                least(known.views, 10 + floor(ln(greatest(known.views, 10) / 10.0) / ln(1.3))),
                known.tenure_step,
                {{ for_each_column(user_attributes(), 'known.{column} is null') }}
        ) as usual_share,
        probabilities.fund_probability
    from known
    left join fund_probabilities as probabilities
        on
            known.campaign = probabilities.campaign
            and known.session_id = probabilities.session_id
            and known.cutoff = probabilities.cutoff
)

select * from segment_members
