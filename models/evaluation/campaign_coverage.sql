with

campaigns as (
    select * from {{ ref('campaigns') }}
),

events as (
    select * from {{ ref('events') }}
    where event_name = {{ sql_text(var('fund_event')) }}
),

begins as (
    select cutoff_at from {{ ref('cutoffs') }}
    where cutoff = {{ holdout_cutoff() }}
),

ends as (
    select cutoff_at from {{ ref('cutoffs') }}
    where cutoff = 0
),

known_users as (
    select session_id from {{ ref('user_histories') }}
    where cutoff = {{ holdout_cutoff() }}
),

funders as (
    select distinct
        campaigns.campaign,
        events.session_id
    from events
    inner join campaigns on events.category = campaigns.category
    cross join begins
    cross join ends
    where events.client_time >= begins.cutoff_at and events.client_time < ends.cutoff_at
),

campaign_coverage as (
    select
        funders.campaign,
        count(*) as funders,
        count(*) filter (where known_users.session_id is null) as new_funders
    from funders
    left join known_users on funders.session_id = known_users.session_id
    group by funders.campaign
)

select * from campaign_coverage
