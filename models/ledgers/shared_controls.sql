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
        same_user.push_id as other_push_id
    from push_assignments
    inner join push_assignments as same_user
        on
            push_assignments.session_id = same_user.session_id
            and push_assignments.push_id <> same_user.push_id
            and push_assignments.starts_at < same_user.ends_at
            and push_assignments.ends_at > same_user.starts_at
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
