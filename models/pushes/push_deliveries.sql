with

push_assignments as (
    select
        push_id,
        session_id,
        arm,
        starts_at,
        starts_at + to_seconds(window_days * 86400) as ends_at
    from {{ ref('push_assignments') }}
),

push_events as (
    select * from {{ ref('push_events') }}
    where kind <> 'impression'
),

-- Where the source does not name the push, it is the one whose window contains the message.
assigned_events as (
    select
        push_assignments.push_id,
        push_assignments.session_id,
        push_assignments.arm,
        push_events.kind,
        push_events.occurred_at
    from push_assignments
    inner join push_events
        on
            push_assignments.session_id = push_events.session_id
            and push_assignments.push_id = push_events.push_id
    union all
    select
        push_assignments.push_id,
        push_assignments.session_id,
        push_assignments.arm,
        push_events.kind,
        push_events.occurred_at
    from push_assignments
    inner join push_events
        on
            push_assignments.session_id = push_events.session_id
            and push_assignments.starts_at <= push_events.occurred_at
            and push_assignments.ends_at > push_events.occurred_at
    where push_events.push_id is null
),

push_deliveries as (
    select
        push_id,
        session_id,
        arm,
        min(occurred_at) filter (where kind = 'sent') as sent_at,
        min(occurred_at) filter (where kind = 'delivered') as delivered_at,
        min(occurred_at) filter (where kind = 'opened') as opened_at,
        min(occurred_at) filter (where kind = 'opted_out') as opted_out_at
    from assigned_events
    group by push_id, session_id, arm
)

select * from push_deliveries
