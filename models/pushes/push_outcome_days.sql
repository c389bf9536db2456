-- A table: outcomes and results read it. Users who did nothing have no row.
with

push_assignments as (
    select
        push_id,
        campaign,
        session_id,
        starts_at,
        to_seconds(window_days * 86400) as push_window
    from {{ ref('push_assignments') }}
),

events as (
    select * from {{ ref('events') }}
),

campaigns as (
    select * from {{ ref('campaigns') }}
),

actions as (
    select
        push_assignments.push_id,
        push_assignments.campaign,
        push_assignments.session_id,
        push_assignments.starts_at,
        push_assignments.push_window,
        events.event_name = {{ sql_text(var('fund_event')) }} as is_funding,
        campaigns.category is not null as is_in_campaign,
        cast(events.amount as decimal(18, 2)) as amount,
        events.occurred_at < push_assignments.starts_at as is_before,
        events.occurred_at >= push_assignments.starts_at
        and events.occurred_at < push_assignments.starts_at + push_assignments.push_window
            as is_within,
        1 + cast(
            floor(epoch(events.occurred_at - push_assignments.starts_at) / 86400) as integer
        ) as day
    from push_assignments
    inner join events
        on
            push_assignments.session_id = events.session_id
            and push_assignments.starts_at - push_assignments.push_window <= events.occurred_at
            and push_assignments.starts_at + 2 * push_assignments.push_window
            > events.occurred_at
    left join campaigns
        on
            push_assignments.campaign = campaigns.campaign
            and events.category = campaigns.category
),

-- Large amounts are counted up to what 95% of funders gave within the window before the push: a
-- limit that the push cannot change.
settings as (
    select distinct
        campaign,
        starts_at,
        push_window
    from push_assignments
),

amounts_before as (
    select
        settings.campaign,
        settings.starts_at,
        settings.push_window,
        events.session_id,
        sum(cast(events.amount as decimal(18, 2))) as amount
    from settings
    inner join campaigns on settings.campaign = campaigns.campaign
    inner join events
        on
            campaigns.category = events.category
            and settings.starts_at - settings.push_window <= events.occurred_at
            and settings.starts_at > events.occurred_at
    where
        events.event_name = {{ sql_text(var('fund_event')) }}
        and events.amount > 0
    group by
        settings.campaign,
        settings.starts_at,
        settings.push_window,
        events.session_id
),

limits as (
    select
        campaign,
        starts_at,
        push_window,
        quantile_disc(amount, 0.95) as most
    from amounts_before
    group by campaign, starts_at, push_window
),

first_days as (
    select
        push_id,
        session_id,
        min(day) filter (where is_within and is_funding and is_in_campaign) as funded_campaign,
        min(day) filter (where is_within and is_funding) as funded_anything,
        min(day) filter (where is_within and not is_funding and is_in_campaign) as viewed,
        min(day) filter (where not is_before and is_funding and is_in_campaign)
            as funded_within_twice,
        max(0) filter (where is_before and is_funding and is_in_campaign) as placebo
    from actions
    group by push_id, session_id
),

firsts as (
    select
        push_id,
        session_id,
        unnest(
            ['funded_campaign', 'funded_anything', 'viewed', 'funded_within_twice', 'placebo']
        ) as outcome,
        unnest([funded_campaign, funded_anything, viewed, funded_within_twice, placebo]) as day
    from first_days
),

amounts as (
    select
        actions.push_id,
        actions.session_id,
        actions.day,
        any_value(limits.most) as most,
        sum(actions.amount) as amount
    from actions
    left join limits
        on
            actions.campaign = limits.campaign
            and actions.starts_at = limits.starts_at
            and actions.push_window = limits.push_window
    where
        actions.is_within
        and actions.is_funding
        and actions.is_in_campaign
        and actions.amount > 0
    group by actions.push_id, actions.session_id, actions.day
),

sums as (
    select
        push_id,
        session_id,
        day,
        most,
        cast(sum(amount) over so_far as decimal(18, 2)) as value,
        cast(sum(amount) over so_far - amount as decimal(18, 2)) as value_before
    from amounts
    window so_far as (partition by push_id, session_id order by day)
),

-- The value of each user's outcome at the end of a day on which it grew.
values_by_day as (
    select
        push_id,
        session_id,
        outcome,
        day,
        cast(1 as decimal(18, 2)) as value,
        cast(0 as decimal(18, 2)) as value_before
    from firsts
    where day is not null
    union all
    select
        push_id,
        session_id,
        'amount' as outcome,
        day,
        value,
        value_before
    from sums
    union all
    -- Where nobody funded before, nothing is cut.
    select
        push_id,
        session_id,
        'amount_winsorized' as outcome,
        day,
        least(value, most) as value,
        least(value_before, most) as value_before
    from sums
    where value_before < coalesce(most, value)
),

push_outcome_days as (
    select
        push_id,
        session_id,
        outcome,
        day,
        value,
        value - value_before as added,
        -- Decimals, so that sums do not depend on the order of the rows.
        value * value - value_before * value_before as added_to_square,
        cast(value_before = 0 as integer) as is_first
    from values_by_day
)

select * from push_outcome_days
