with

campaigns as (
    select * from {{ ref('campaigns') }}
),

features as (
    select * from {{ ref('user_category_features') }}
    -- Now, and where the last horizon begins: segments found there are measured on it.
    where cutoff in (0, 2)
),

campaign_probabilities as (
    select * from {{ ref('campaign_probabilities') }}
),

campaign_users as (
    select
        features.cutoff,
        campaigns.campaign,
        features.session_id,
        features.state,
        features.age,
        -- The push tool targets what is known.
        nullif(features.gender_cleaned, 'U') as gender_cleaned,
        features.device,
        features.marital_status,
        sum(features.views) as views,
        sum(features.funds) > 0 as has_funded
    from campaigns
    inner join features on campaigns.category = features.category
    -- A user's attributes are the same in every category.
    group by
        features.cutoff,
        campaigns.campaign,
        features.session_id,
        features.state,
        features.age,
        features.gender_cleaned,
        features.device,
        features.marital_status
),

segment_members as (
    select
        users.cutoff,
        users.campaign,
        users.session_id,
        users.state,
        users.age,
        users.gender_cleaned,
        users.device,
        users.marital_status,
        users.has_funded,
        -- Users with as many views, of whom as much is known: who looks more funds more, and more
        -- is known of who does more, whatever the segment.
        avg(cast(users.has_funded as integer)) over (
            partition by
                users.cutoff,
                users.campaign,
                -- One by one up to 10 views, from there in steps of 30%.
                least(users.views, 10 + floor(ln(greatest(users.views, 10) / 10.0) / ln(1.3))),
                users.state is null,
                users.age is null,
                users.gender_cleaned is null,
                users.device is null,
                users.marital_status is null
        ) as usual_share,
        probabilities.fund_probability
    from campaign_users as users
    left join campaign_probabilities as probabilities
        on
            users.campaign = probabilities.campaign
            and users.session_id = probabilities.session_id
            and users.cutoff = probabilities.model_cutoff
            and probabilities.network = 'fund_network'
)

select * from segment_members
