with

validated_assignments as (
    select * from {{ ref('validated_assignments') }}
),

push_assignments as (
    select
        push_id,
        campaign,
        strategy,
        session_id,
        arm,
        stratum,
        control_probability,
        fund_probability,
        audience_rank,
        audience_share,
        segment,
        starts_at,
        window_days,
        build_id,
        planned_users
    from validated_assignments
    where validation_error is null
)

select * from push_assignments
