with

campaigns as (
    select * from {{ ref('campaigns') }}
),

users as (
    select * from {{ ref('users') }}
),

features as (
    select * from {{ ref('user_category_features') }}
    where cutoff = 0
),

fund_probabilities as (
    select * from {{ ref('fund_probabilities') }}
),

campaign_probabilities as (
    select * from {{ ref('campaign_probabilities') }}
    where network = 'fund_network' and model_cutoff = 0
),

category_amounts as (
    select
        category,
        avg(cast(amount as decimal(38, 6))) as average_amount
    from {{ ref('events') }}
    where event_name = {{ sql_text(var('fund_event')) }}
    group by category
),

campaign_users as (
    select
        campaigns.campaign,
        features.session_id,
        sum(features.pending_views) as pending_views,
        max(features.total_pending_views) as total_pending_views,
        -- Summed as decimals, so that the order of the categories never matters.
        cast(
            sum(
                cast(
                    fund_probabilities.fund_probability * category_amounts.average_amount
                    as decimal(38, 12)
                )
            ) as double
        ) as expected_amount
    from campaigns
    inner join features on campaigns.category = features.category
    left join fund_probabilities
        on
            features.session_id = fund_probabilities.session_id
            and features.category = fund_probabilities.category
    left join category_amounts on campaigns.category = category_amounts.category
    group by campaigns.campaign, features.session_id
),

ranked as (
    select
        campaign_users.*,
        probabilities.fund_probability,
        row_number() over (
            partition by campaign_users.campaign
            order by
                probabilities.fund_probability desc nulls last,
                campaign_users.pending_views desc,
                campaign_users.total_pending_views desc,
                campaign_users.session_id asc
        ) as audience_rank,
        count(*) over (partition by campaign_users.campaign) as campaign_size
    from campaign_users
    left join campaign_probabilities as probabilities
        on
            campaign_users.campaign = probabilities.campaign
            and campaign_users.session_id = probabilities.session_id
),

-- What moves the probability by a tenth of a percentage point or more.
factors as (
    select
        *,
        reason || format(' ({:+.1f} points)', effect * 100) as reason_with_effect
    from {{ ref('audience_factors') }}
    where abs(effect) >= 0.001
),

strongest_factors as (
    select
        campaign,
        session_id,
        row_number() over by_strength as strength_rank,
        [
            reason_with_effect,
            lead(reason_with_effect) over by_strength,
            lead(reason_with_effect, 2) over by_strength
        ] as this_and_two_more
    from factors
    window by_strength as (
        partition by campaign, session_id
        order by abs(effect) desc, factor asc, category asc
    )
),

reasons as (
    select
        campaign,
        session_id,
        list_filter(this_and_two_more, lambda reason: reason is not null) as reasons
    from strongest_factors
    where strength_rank = 1
),

campaign_audience as (
    select
        ranked.campaign,
        ranked.session_id,
        ranked.fund_probability,
        ranked.expected_amount,
        ranked.audience_rank,
        ranked.audience_rank / cast(ranked.campaign_size as double) as audience_percentile,
        case
            when ranked.fund_probability is null then 'pending_views' else 'fund_network'
        end as ranked_by,
        cast(ranked.pending_views as bigint) as pending_views,
        coalesce(reasons.reasons, []) as reasons,
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
    left join reasons
        on ranked.campaign = reasons.campaign and ranked.session_id = reasons.session_id
)

select * from campaign_audience
