-- Users who were held back show what happens without a push. Each of them stands for
-- 1 / control_probability users of the audience.
with

finished_pushes as (
    select push_id
    from {{ ref('push_days') }}
    where outcome = 'funded_campaign' and is_final
),

funded as (
    select
        push_id,
        session_id
    from {{ ref('push_outcome_days') }}
    where outcome = 'funded_campaign'
),

predictions as (
    select
        assignments.build_id,
        assignments.campaign,
        assignments.push_id,
        assignments.session_id,
        assignments.arm,
        assignments.audience_share,
        assignments.fund_probability,
        1 / assignments.control_probability as weight,
        -- Ten bands of equal width; a probability of 1 belongs to the last.
        cast(least(floor(assignments.fund_probability * 10), 9) as integer) as score_band
    from {{ ref('push_assignments') }} as assignments
    semi join finished_pushes on assignments.push_id = finished_pushes.push_id
    where assignments.fund_probability is not null and assignments.build_id is not null
),

controls as (
    select
        predictions.build_id,
        predictions.campaign,
        predictions.score_band,
        count(*) as control_users,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        sum(cast(predictions.weight as decimal(18, 9))) as users,
        sum(
            cast(predictions.weight * predictions.fund_probability as decimal(18, 9))
        ) as expected_funders,
        sum(cast(predictions.weight as decimal(18, 9))) filter (
            where funded.session_id is not null
        ) as observed_funders,
        sum(
            cast(
                power(predictions.weight, 2)
                * predictions.fund_probability
                * (1 - predictions.fund_probability) as decimal(18, 9)
            )
        ) as variance
    from predictions
    left join funded
        on
            predictions.push_id = funded.push_id
            and predictions.session_id = funded.session_id
    where predictions.arm = 'control'
    group by predictions.build_id, predictions.campaign, predictions.score_band
),

-- How the scores of the audience were spread then, and how those of as large a part of the ranking
-- are spread now.
sizes as (
    select
        build_id,
        campaign,
        max(audience_share) as audience_share
    from predictions
    group by build_id, campaign
),

spread_of_scores as (
    select
        build_id,
        campaign,
        score_band,
        count(*) as users_then,
        0 as users_now
    from predictions
    group by build_id, campaign, score_band
    union all
    select
        sizes.build_id,
        sizes.campaign,
        cast(least(floor(audience.fund_probability * 10), 9) as integer) as score_band,
        0 as users_then,
        count(*) as users_now
    from sizes
    inner join {{ ref('campaign_audience') }} as audience
        on
            sizes.campaign = audience.campaign
            and sizes.audience_share >= audience.audience_share
    where audience.fund_probability is not null
    group by
        sizes.build_id,
        sizes.campaign,
        cast(least(floor(audience.fund_probability * 10), 9) as integer)
),

shares as (
    select
        build_id,
        campaign,
        score_band,
        -- Half a user more, so that an empty band counts as a small share.
        (sum(users_then) + 0.5) / (sum(sum(users_then)) over same + 0.5 * count(*) over same)
            as share_then,
        (sum(users_now) + 0.5) / (sum(sum(users_now)) over same + 0.5 * count(*) over same)
            as share_now
    from spread_of_scores
    group by build_id, campaign, score_band
    window same as (partition by build_id, campaign)
),

stability as (
    select
        build_id,
        campaign,
        sum((share_now - share_then) * ln(share_now / share_then) order by score_band)
            as population_stability
    from shares
    group by build_id, campaign
),

prediction_history as (
    select
        controls.build_id,
        controls.campaign,
        controls.score_band,
        controls.control_users,
        cast(controls.users as double) as users,
        cast(controls.expected_funders as double) as expected_funders,
        cast(coalesce(controls.observed_funders, 0) as double) as observed_funders,
        (cast(coalesce(controls.observed_funders, 0) as double) - controls.expected_funders)
        / nullif(sqrt(controls.variance), 0) as z,
        stability.population_stability
    from controls
    inner join stability
        on controls.build_id = stability.build_id and controls.campaign = stability.campaign
)

select * from prediction_history
