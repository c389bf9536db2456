with

segment_members as (
    select * from {{ ref('segment_members') }}
),

recommended_segments as (
    select * from {{ ref('recommended_segments') }}
),

holdout_outcomes as (
    select distinct
        campaign,
        session_id,
        is_funded
    from {{ ref('holdout_scores') }}
),

members as (
    select
        members.*,
        outcomes.is_funded,
        row_number() over (
            partition by members.cutoff, members.campaign
            order by members.fund_probability desc nulls last, members.session_id asc
        ) as audience_rank
    from segment_members as members
    left join holdout_outcomes as outcomes
        on
            members.cutoff = 2
            and members.campaign = outcomes.campaign
            and members.session_id = outcomes.session_id
),

by_segments as (
    select
        segments.targeting,
        members.*
    from members
    inner join recommended_segments as segments
        on
            members.cutoff = segments.cutoff
            and members.campaign = segments.campaign
            and coalesce(members.state = segments.state, segments.state is null)
            and coalesce(members.age = segments.age, segments.age is null)
            and coalesce(
                members.gender_cleaned = segments.gender_cleaned, segments.gender_cleaned is null
            )
            and coalesce(members.device = segments.device, segments.device is null)
            and coalesce(
                members.marital_status = segments.marital_status, segments.marital_status is null
            )
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
        members.*
    from members
    inner join sizes on members.cutoff = sizes.cutoff and members.campaign = sizes.campaign
    where members.audience_rank <= sizes.users and members.fund_probability is not null
),

everybody as (
    select
        'everybody' as targeting,
        members.*
    from members
),

reached as (
    select * from by_segments
    union all
    select * from by_person
    union all
    select * from everybody
),

counts as (
    select
        cutoff,
        campaign,
        targeting,
        count(*) as users,
        cast(sum(cast(fund_probability as decimal(18, 12))) as double) as expected_funders,
        case when cutoff = 2 then count(*) filter (where is_funded) end as funders
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
