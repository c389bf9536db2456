with

campaign_audience as (
    select * from {{ ref('campaign_audience') }}
),

push_assignments as (
    select * from {{ ref('push_assignments') }}
),

push_events as (
    select * from {{ ref('push_events') }}
),

cut as (
    select
        {{ epoch_to_timestamp('cast(ceil(cutoff_at) as bigint)') }} as cut_at,
        {{ epoch_to_timestamp(
            'cast(ceil(cutoff_at - ' ~ sql_number(var('max_pushes')['days']) ~ ' * 86400) as bigint)'
        ) }} as capped_from
    from {{ ref('cutoffs') }}
    where cutoff = 0
),

opted_out as (
    select session_id
    from {{ ref('push_consents') }}
    where is_opted_out
),

excluded as (
    select session_id
    from {{ ref('user_exclusions') }}
    where scope = 'pushes'
),

-- Controls too: the next push must not notify them during this one.
in_windows as (
    select distinct push_assignments.session_id
    from push_assignments
    cross join cut
    where
        push_assignments.starts_at + to_seconds(push_assignments.window_days * 86400)
        > cut.cut_at
),

-- Controls keep their slot as if they had been notified. Otherwise the next push would go to the
-- former controls alone, and take the arms of this one apart.
planned_pushes as (
    select
        push_assignments.session_id,
        count(*) as pushes
    from push_assignments
    cross join cut
    where push_assignments.starts_at >= cut.capped_from
    group by push_assignments.session_id
),

-- Messages of pushes that have no ledger count beside those that do.
sent_messages as (
    select
        push_events.session_id,
        push_events.push_id,
        push_events.occurred_at,
        coalesce(
            bool_or(
                push_events.push_id = push_assignments.push_id
                or (
                    push_events.push_id is null
                    and push_events.occurred_at >= push_assignments.starts_at
                    and push_events.occurred_at
                    < push_assignments.starts_at
                    + to_seconds(push_assignments.window_days * 86400)
                )
            ),
            false
        ) as is_in_ledger
    from push_events
    cross join cut
    left join push_assignments on push_events.session_id = push_assignments.session_id
    where push_events.kind = 'sent' and push_events.occurred_at >= cut.capped_from
    group by push_events.session_id, push_events.push_id, push_events.occurred_at
),

sent_pushes as (
    select
        session_id,
        count(*) as messages,
        count(*) filter (where not is_in_ledger) as messages_without_ledger
    from sent_messages
    group by session_id
),

push_eligibility as (
    select
        campaign_audience.campaign,
        campaign_audience.session_id,
        case
            when opted_out.session_id is not null then 'opted out'
            when excluded.session_id is not null then 'excluded from pushes'
            when in_windows.session_id is not null then 'in another push''s window'
            when
                greatest(
                    coalesce(planned_pushes.pushes, 0)
                    + coalesce(sent_pushes.messages_without_ledger, 0),
                    coalesce(sent_pushes.messages, 0)
                )
                >= {{ sql_number(var('max_pushes')['count']) }}
                then 'over the cap'
        end as reason,
        coalesce(sent_pushes.messages, 0) as messages,
        coalesce(sent_pushes.messages_without_ledger, 0) as messages_without_ledger
    from campaign_audience
    left join opted_out on campaign_audience.session_id = opted_out.session_id
    left join excluded on campaign_audience.session_id = excluded.session_id
    left join in_windows on campaign_audience.session_id = in_windows.session_id
    left join planned_pushes on campaign_audience.session_id = planned_pushes.session_id
    left join sent_pushes on campaign_audience.session_id = sent_pushes.session_id
)

select * from push_eligibility
