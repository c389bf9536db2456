with

push_segment_users as (
    select * from {{ ref('push_segment_users') }}
),

strategy_scores as (
    select * from {{ ref('strategy_scores') }}
    where strategy = 'fund_network'
),

campaign_outcomes as (
    select * from {{ ref('campaign_outcomes') }}
),

-- All users who could be chosen. Who funds after cutoff 0 is not known yet.
everybody as (
    select
        'everybody' as targeting,
        members.cutoff,
        members.campaign,
        members.session_id,
        scores.fund_probability,
        scores.score_rank,
        outcomes.is_funded
    from {{ ref('segment_members') }} as members
    left join strategy_scores as scores
        on
            members.cutoff = scores.cutoff
            and members.campaign = scores.campaign
            and members.session_id = scores.session_id
    left join campaign_outcomes as outcomes
        on
            members.cutoff = outcomes.cutoff
            and members.campaign = outcomes.campaign
            and members.session_id = outcomes.session_id
),

by_segments as (
    select
        segments.targeting,
        everybody.* exclude (everybody.targeting)
    from everybody
    inner join push_segment_users as segments
        on
            everybody.cutoff = segments.cutoff
            and everybody.campaign = segments.campaign
            and everybody.session_id = segments.session_id
),

sizes as (
    select
        cutoff,
        campaign,
        count(*) as users
    from by_segments
    where targeting = 'recommended_segments'
    group by cutoff, campaign
),

by_person as (
    select
        'individual_audience' as targeting,
        everybody.* exclude (everybody.targeting)
    from everybody
    inner join sizes on everybody.cutoff = sizes.cutoff and everybody.campaign = sizes.campaign
    where everybody.score_rank <= sizes.users
),

reached as (
    select * from by_segments
    union all by name
    select * from by_person
    union all by name
    select * from everybody
),

counts as (
    select
        cutoff,
        campaign,
        targeting,
        count(*) as users,
        cast(sum(cast(fund_probability as decimal(18, 12))) as double) as expected_funders,
        case when count(is_funded) > 0 then count(*) filter (where is_funded) end as funders
    from reached
    group by cutoff, campaign, targeting
),

totals as (
    select * from counts
    where targeting = 'everybody'
),

push_reach as (
    select
        counts.cutoff,
        counts.campaign,
        counts.targeting,
        counts.users,
        counts.users / cast(totals.users as double) as share_of_users,
        counts.expected_funders,
        counts.expected_funders / nullif(totals.expected_funders, 0) as share_of_expected_funders,
        counts.funders,
        counts.funders / nullif(cast(totals.funders as double), 0) as share_of_funders
    from counts
    inner join totals on counts.cutoff = totals.cutoff and counts.campaign = totals.campaign
)

select * from push_reach
