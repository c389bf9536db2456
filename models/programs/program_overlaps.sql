-- Users are clusters: whoever is in several pushes counts once, and what the errors of those pushes
-- have in common, such as controls that they share, is added to the variance of their sum. The
-- error that a user adds to a push is the distance from the line of the arm, times the user's
-- weight in the arm's adjusted mean.
with

program_pushes as (
    select * from {{ ref('program_pushes') }}
),

push_assignments as (
    select * from {{ ref('push_assignments') }}
),

push_outcomes as (
    select * from {{ ref('push_outcomes') }}
),

arm_estimates as (
    select * from {{ ref('push_arm_estimates') }}
    where dimension = 'everybody'
),

members as (
    select
        program_pushes.strategy,
        program_pushes.outcome,
        program_pushes.push_id,
        program_pushes.day,
        program_pushes.notified_users,
        push_assignments.session_id,
        push_assignments.arm,
        coalesce(push_assignments.fund_probability, 0) as score,
        count(*) over (
            partition by
                program_pushes.strategy, program_pushes.outcome, push_assignments.session_id
        ) as pushes
    from program_pushes
    inner join push_assignments on program_pushes.push_id = push_assignments.push_id
),

distinct_users as (
    select
        strategy,
        outcome,
        count(distinct session_id) as users
    from members
    group by strategy, outcome
),

errors as (
    select
        members.strategy,
        members.outcome,
        members.session_id,
        members.notified_users
        * case when members.arm = 'notify' then 1 else -1 end
        * (
            push_outcomes.value
            - arm_estimates.arm_mean
            - arm_estimates.slope * (members.score - arm_estimates.arm_score)
        )
        * (
            1.0 / arm_estimates.users
            + coalesce(
                (arm_estimates.average_score - arm_estimates.arm_score)
                * (members.score - arm_estimates.arm_score)
                / arm_estimates.score_variation,
                0
            )
        ) as error
    from members
    inner join push_outcomes
        on
            members.push_id = push_outcomes.push_id
            and members.session_id = push_outcomes.session_id
            and members.outcome = push_outcomes.outcome
    inner join arm_estimates
        on
            members.push_id = arm_estimates.push_id
            and members.outcome = arm_estimates.outcome
            and members.day = arm_estimates.day
            and members.arm = arm_estimates.arm
    where members.pushes > 1
),

-- Decimals, so that sums do not depend on the order of the rows.
shared_errors as (
    select
        strategy,
        outcome,
        session_id,
        sum(cast(error as decimal(30, 10))) as error,
        sum(cast(error * error as decimal(36, 10))) as own_square
    from errors
    group by strategy, outcome, session_id
),

shared as (
    select
        strategy,
        outcome,
        cast(
            sum(cast(power(cast(error as double), 2) as decimal(36, 10)) - own_square) as double
        ) as shared_variance
    from shared_errors
    group by strategy, outcome
),

program_overlaps as (
    select
        distinct_users.strategy,
        distinct_users.outcome,
        distinct_users.users,
        coalesce(shared.shared_variance, 0) as shared_variance
    from distinct_users
    left join shared
        on
            distinct_users.strategy is not distinct from shared.strategy
            and distinct_users.outcome = shared.outcome
)

select * from program_overlaps
