-- Which pushes count is told by their design and their checks, never by what came out: a choice by
-- the outcome would move the average of what is left.
with

results as (
    select * from {{ ref('push_results') }}
    where is_final and outcome <> 'placebo' and verdict <> 'not valid'
),

program_pushes as (
    select
        strategy,
        outcome,
        push_id,
        day,
        notified_users,
        control_users,
        difference,
        incremental,
        -- Where nobody of either arm has the outcome, no variance is seen.
        coalesce(power(standard_error, 2), 0) as variance,
        row_number() over (
            partition by strategy, outcome
            order by day_ends_at, push_id
        ) as position
    from results
    -- One user has no variance.
    where notified_users > 1 and control_users > 1
)

select * from program_pushes
