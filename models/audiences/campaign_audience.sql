with

campaigns as (
    select * from {{ ref('campaigns') }}
),

users as (
    select * from {{ ref('users') }}
),

fund_probabilities as (
    select * from {{ ref('fund_probabilities') }}
),

by_network as (
    select * from {{ ref('strategy_scores') }}
    where cutoff = 0 and strategy = 'fund_network'
),

by_pending_views as (
    select * from {{ ref('strategy_scores') }}
    where cutoff = 0 and strategy = 'pending_views'
),

category_amounts as (
    select
        category,
        avg(cast(amount as decimal(38, 6))) as average_amount
    from {{ ref('events') }}
    where event_name = {{ sql_text(var('fund_event')) }}
    group by category
),

-- Summed as decimals, so that the order of the categories never matters.
expected_amounts as (
    select
        campaigns.campaign,
        fund_probabilities.session_id,
        cast(
            sum(
                cast(
                    fund_probabilities.fund_probability * category_amounts.average_amount
                    as decimal(38, 12)
                )
            ) as double
        ) as expected_amount
    from campaigns
    inner join fund_probabilities on campaigns.category = fund_probabilities.category
    inner join category_amounts on campaigns.category = category_amounts.category
    group by campaigns.campaign, fund_probabilities.session_id
),

-- Users are ranked by their pending views where there is no fund network.
ranked as (
    select
        by_pending_views.campaign,
        by_pending_views.session_id,
        by_network.fund_probability,
        coalesce(by_network.score_rank, by_pending_views.score_rank) as audience_rank,
        coalesce(by_network.strategy, by_pending_views.strategy) as ranked_by,
        cast(by_pending_views.score as bigint) as pending_views,
        by_pending_views.users as campaign_users
    from by_pending_views
    left join by_network
        on
            by_pending_views.campaign = by_network.campaign
            and by_pending_views.session_id = by_network.session_id
),

-- Factors that change the probability by a tenth of a percentage point or more.
factors as (
    select
        *,
        reason || case when effect < 0 then ' (less likely)' else '' end as reason_with_effect
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
        expected_amounts.expected_amount,
        ranked.audience_rank,
        ranked.audience_rank / cast(ranked.campaign_users as double) as audience_share,
        ranked.audience_rank / cast(ranked.campaign_users as double) as audience_percentile,
        ranked.ranked_by,
        ranked.pending_views,
        coalesce(reasons.reasons, []) as reasons,
        {{ for_each_column(user_columns(), 'users.{column}') }}
    from ranked
    inner join users on ranked.session_id = users.session_id
    left join expected_amounts
        on
            ranked.campaign = expected_amounts.campaign
            and ranked.session_id = expected_amounts.session_id
    left join reasons
        on ranked.campaign = reasons.campaign and ranked.session_id = reasons.session_id
)

select * from campaign_audience
