with

push_assignments as (
    select * from {{ ref('push_assignments') }}
),

outcomes as (
    select
        unnest(
            [
                'funded_campaign',
                'funded_anything',
                'viewed',
                'amount',
                'amount_winsorized',
                'funded_within_twice',
                'placebo'
            ]
        ) as outcome
),

final_values as (
    select
        push_id,
        session_id,
        outcome,
        max(value) as value
    from {{ ref('push_outcome_days') }}
    group by push_id, session_id, outcome
),

push_outcomes as (
    select
        push_assignments.push_id,
        push_assignments.session_id,
        push_assignments.arm,
        outcomes.outcome,
        cast(coalesce(final_values.value, 0) as double) as value
    from push_assignments
    cross join outcomes
    left join final_values
        on
            push_assignments.push_id = final_values.push_id
            and push_assignments.session_id = final_values.session_id
            and outcomes.outcome = final_values.outcome
)

select * from push_outcomes
