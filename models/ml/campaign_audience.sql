with

campaigns as (
    select * from {{ ref('campaigns') }}
),

users as (
    select * from {{ ref('users') }}
),

current_features as (
    select * from {{ ref('fund_examples') }}
    where role = 'score'
),

fund_probabilities as (
    select * from {{ ref('fund_probabilities') }}
),

category_amounts as (
    select
        category,
        avg(cast(amount as decimal(38, 6))) as average_amount
    from {{ ref('events') }}
    where event_name = {{ sql_text(var('fund_event')) }}
    group by category
),

user_category_chances as (
    select
        campaigns.campaign,
        campaigns.category,
        features.session_id,
        features.pending_views,
        features.total_pending_views,
        fund_probabilities.fund_probability,
        fund_probabilities.fund_probability * category_amounts.average_amount as expected_amount
    from campaigns
    inner join current_features as features on campaigns.category = features.category
    left join fund_probabilities
        on
            features.session_id = fund_probabilities.session_id
            and features.category = fund_probabilities.category
    left join category_amounts on campaigns.category = category_amounts.category
),

user_chances as (
    select
        campaign,
        session_id,
        sum(pending_views) as pending_views,
        max(total_pending_views) as total_pending_views,
        -- The chance of any funding is one minus the chance of none. Lists in the order of their
        -- categories give the same last bit in every build.
        1 - list_product(list(1 - fund_probability order by category)) as fund_probability,
        list_sum(list(expected_amount order by category)) as expected_amount
    from user_category_chances
    group by campaign, session_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by campaign
            order by
                fund_probability desc nulls last,
                pending_views desc,
                total_pending_views desc,
                session_id asc
        ) as audience_rank,
        count(*) over (partition by campaign) as campaign_users
    from user_chances
),

campaign_audience as (
    select
        ranked.campaign,
        ranked.session_id,
        ranked.fund_probability,
        ranked.expected_amount,
        ranked.audience_rank,
        ranked.audience_rank / cast(ranked.campaign_users as double) as audience_percentile,
        case
            when ranked.fund_probability is null then 'pending views' else 'fund network'
        end as ranked_by,
        cast(ranked.pending_views as bigint) as pending_views,
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

select * from campaign_audience
