-- What else the users of a push got, by arm: from the ledgers of other pushes whose window overlaps
-- it, and from each message that was sent under another name, or under none after the window.
-- Where one arm got more of it than the other, the difference between them is not that of the push.
with

push_assignments as (
    select
        push_id,
        session_id,
        arm,
        starts_at,
        starts_at + to_seconds(window_days * 86400) as ends_at,
        starts_at + to_seconds(2 * window_days * 86400) as ends_twice_at
    from {{ ref('push_assignments') }}
),

push_events as (
    select * from {{ ref('push_events') }}
    where kind in ('sent', 'delivered')
),

-- Without a name it is the push in whose window it was sent, see push_deliveries.
received as (
    select
        push_assignments.push_id,
        push_assignments.session_id,
        push_assignments.arm,
        push_events.push_id as other_push_id,
        push_events.occurred_at < push_assignments.ends_at as is_within
    from push_assignments
    inner join push_events
        on
            push_assignments.session_id = push_events.session_id
            and push_assignments.starts_at <= push_events.occurred_at
            and push_assignments.ends_twice_at > push_events.occurred_at
    where
        push_assignments.push_id <> push_events.push_id
        or (
            push_events.push_id is null
            and push_assignments.ends_at <= push_events.occurred_at
        )
    union all
    select
        push_assignments.push_id,
        push_assignments.session_id,
        push_assignments.arm,
        same_user.push_id as other_push_id,
        same_user.starts_at < push_assignments.ends_at as is_within
    from push_assignments
    inner join push_assignments as same_user
        on
            push_assignments.session_id = same_user.session_id
            and push_assignments.push_id <> same_user.push_id
            and push_assignments.starts_at < same_user.ends_at
            and push_assignments.ends_twice_at > same_user.starts_at
    where same_user.arm = 'notify'
),

receivers as (
    select
        push_id,
        session_id,
        any_value(arm) as arm,
        bool_or(is_within) as is_within
    from received
    group by push_id, session_id
),

counted as (
    select
        push_assignments.push_id,
        unnest([false, true]) as is_twice,
        count(*) filter (where push_assignments.arm = 'notify') as notified_users,
        count(*) filter (where push_assignments.arm = 'control') as control_users,
        unnest([
            count(*) filter (where push_assignments.arm = 'notify' and receivers.is_within),
            count(receivers.session_id) filter (where push_assignments.arm = 'notify')
        ]) as notified_receivers,
        unnest([
            count(*) filter (where push_assignments.arm = 'control' and receivers.is_within),
            count(receivers.session_id) filter (where push_assignments.arm = 'control')
        ]) as control_receivers
    from push_assignments
    left join receivers
        on
            push_assignments.push_id = receivers.push_id
            and push_assignments.session_id = receivers.session_id
    group by push_assignments.push_id
),

names as (
    select
        push_id,
        list_sort(list(distinct other_push_id)) as other_push_ids
    from received
    where other_push_id is not null
    group by push_id
),

shares as (
    select
        counted.*,
        coalesce(names.other_push_ids, []) as other_push_ids,
        counted.notified_receivers / cast(nullif(counted.notified_users, 0) as double)
            as notified_share,
        counted.control_receivers / cast(nullif(counted.control_users, 0) as double)
            as control_share,
        (counted.notified_receivers + counted.control_receivers)
        / cast(counted.notified_users + counted.control_users as double) as reached_share
    from counted
    left join names on counted.push_id = names.push_id
),

other_pushes as (
    select
        push_id,
        is_twice,
        other_push_ids,
        notified_share,
        control_share,
        notified_share - control_share as difference,
        -- How likely a draw is that sets the arms as far apart, if pushes did not look at them.
        2 * normal_cdf(
            -abs(notified_share - control_share)
            / nullif(
                sqrt(
                    reached_share * (1 - reached_share)
                    * (1.0 / notified_users + 1.0 / control_users)
                ),
                0
            )
        ) as p_value
    from shares
)

select * from other_pushes
