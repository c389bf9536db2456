{%- set horizon_seconds = '86400 * cast(' ~ sql_number(var('horizon_days')) ~ ' as double)' -%}

with

push_events as (
    select * from {{ ref('push_events') }}
    where kind = 'impression' and category is not null
),

pushes as (
    select distinct
        push_id,
        campaign
    from {{ ref('push_assignments') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

push_segments as (
    select * from {{ ref('push_segments') }}
    where is_recommended
),

push_segment_users as (
    select * from {{ ref('push_segment_users') }}
    where cutoff = 0 and targeting = 'recommended_segments'
),

cut as (
    select cutoff_at as cut_at
    from {{ ref('cutoffs') }}
    where cutoff = 0
),

-- What a push showed belongs to its campaign. What the app showed by itself belongs to every
-- campaign of the category.
impressions as (
    select
        cast(push_events.occurred_at as date) as event_date,
        case when pushes.push_id is null then 'organic' else 'push' end as source,
        campaigns.campaign,
        push_events.category,
        push_events.session_id,
        min(push_events.client_time) as seen_at
    from push_events
    left join pushes on push_events.push_id = pushes.push_id
    inner join campaigns
        on
            push_events.category = campaigns.category
            and coalesce(pushes.campaign, campaigns.campaign) = campaigns.campaign
    group by
        cast(push_events.occurred_at as date),
        case when pushes.push_id is null then 'organic' else 'push' end,
        campaigns.campaign,
        push_events.category,
        push_events.session_id
),

followed as (
    select
        impressions.event_date,
        impressions.source,
        impressions.campaign,
        impressions.category,
        impressions.session_id,
        impressions.seen_at,
        coalesce(bool_or(events.event_name = {{ sql_text(var('view_event')) }}), false)
            as has_viewed,
        coalesce(bool_or(events.event_name = {{ sql_text(var('fund_event')) }}), false)
            as has_funded
    from impressions
    left join {{ ref('events') }} as events
        on
            impressions.session_id = events.session_id
            and impressions.category = events.category
            and impressions.seen_at <= events.client_time
            and impressions.seen_at + {{ horizon_seconds }} > events.client_time
    group by
        impressions.event_date,
        impressions.source,
        impressions.campaign,
        impressions.category,
        impressions.session_id,
        impressions.seen_at
),

counted as (
    select
        followed.event_date,
        followed.source,
        followed.campaign,
        followed.category,
        coalesce(push_segments.segment, 'other users') as segment,
        count(*) as impressed,
        count(*) filter (where followed.has_viewed) as viewers,
        count(*) filter (where followed.has_funded) as funders,
        max(followed.seen_at) + {{ horizon_seconds }} <= any_value(cut.cut_at) as is_complete
    from followed
    cross join cut
    left join push_segment_users
        on
            followed.campaign = push_segment_users.campaign
            and followed.session_id = push_segment_users.session_id
    left join push_segments
        on
            push_segment_users.campaign = push_segments.campaign
            and push_segment_users.position = push_segments.recommended_position
    group by
        followed.event_date,
        followed.source,
        followed.campaign,
        followed.category,
        coalesce(push_segments.segment, 'other users')
),

push_funnel as (
    select
        event_date,
        source,
        campaign,
        category,
        segment,
        impressed,
        viewers,
        funders,
        is_complete,
        viewers / cast(impressed as double) as view_rate,
        {{ wilson_bound('viewers', 'impressed', -1) }} as view_rate_low,
        {{ wilson_bound('viewers', 'impressed', 1) }} as view_rate_high,
        funders / cast(impressed as double) as fund_rate,
        {{ wilson_bound('funders', 'impressed', -1) }} as fund_rate_low,
        {{ wilson_bound('funders', 'impressed', 1) }} as fund_rate_high
    from counted
)

select * from push_funnel
