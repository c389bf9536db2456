with

push_assignments as (
    select
        push_id,
        session_id,
        starts_at,
        starts_at + to_seconds(window_days * 86400) as ends_at
    from {{ ref('push_assignments') }}
    where arm = 'control'
),

shared as (
    select
        push_assignments.push_id,
        push_assignments.session_id,
        others.push_id as other_push_id
    from push_assignments
    inner join push_assignments as others
        on
            push_assignments.session_id = others.session_id
            and push_assignments.push_id <> others.push_id
            and push_assignments.starts_at < others.ends_at
            and push_assignments.ends_at > others.starts_at
),

shared_controls as (
    select
        push_id,
        count(distinct session_id) as shared_users,
        list_sort(list(distinct other_push_id)) as other_push_ids
    from shared
    group by push_id
)

select * from shared_controls
