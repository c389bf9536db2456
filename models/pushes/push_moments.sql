-- What the regressions need from each arm: the number of users, and the sums of their scores,
-- outcomes, squares and products. Decimals, so that no sum depends on the order of the rows.
with

push_assignments as (
    select
        push_id,
        session_id,
        arm,
        segment,
        cast(coalesce(fund_probability, 0) as decimal(18, 12)) as score,
        row_number() over ranking as position,
        count(*) over (partition by push_id) as users
    from {{ ref('push_assignments') }}
    window ranking as (partition by push_id order by audience_rank nulls last, session_id)
),

push_days as (
    select * from {{ ref('push_days') }}
),

push_outcome_days as (
    select * from {{ ref('push_outcome_days') }}
),

members as (
    select
        push_id,
        session_id,
        arm,
        score,
        'everybody' as dimension,
        'everybody' as segment
    from push_assignments
    union all
    select
        push_id,
        session_id,
        arm,
        score,
        'score_band' as dimension,
        cast(1 + (position - 1) * 5 // users as varchar) as segment
    from push_assignments
    union all
    select
        push_id,
        session_id,
        arm,
        score,
        'segment' as dimension,
        segment
    from push_assignments
    where segment is not null
),

arms as (
    select
        push_id,
        dimension,
        segment,
        arm,
        count(*) as users,
        sum(score) as scores,
        sum(cast(score * score as decimal(36, 24))) as score_squares
    from members
    group by push_id, dimension, segment, arm
),

added as (
    select
        members.push_id,
        members.dimension,
        members.segment,
        members.arm,
        push_outcome_days.outcome,
        push_outcome_days.day,
        sum(push_outcome_days.is_first) as users_with_outcome,
        sum(push_outcome_days.added) as outcomes,
        sum(push_outcome_days.added_to_square) as outcome_squares,
        sum(cast(members.score * push_outcome_days.added as decimal(36, 14))) as products
    from members
    inner join push_outcome_days
        on
            members.push_id = push_outcome_days.push_id
            and members.session_id = push_outcome_days.session_id
    group by
        members.push_id,
        members.dimension,
        members.segment,
        members.arm,
        push_outcome_days.outcome,
        push_outcome_days.day
),

push_moments as (
    select
        arms.push_id,
        push_days.outcome,
        push_days.day,
        arms.dimension,
        arms.segment,
        arms.arm,
        any_value(arms.users) as users,
        cast(any_value(arms.scores) as double) as scores,
        cast(any_value(arms.score_squares) as double) as score_squares,
        coalesce(sum(added.users_with_outcome), 0) as users_with_outcome,
        cast(coalesce(sum(added.outcomes), 0) as double) as outcomes,
        cast(coalesce(sum(added.outcome_squares), 0) as double) as outcome_squares,
        cast(coalesce(sum(added.products), 0) as double) as products
    from arms
    inner join push_days
        on
            arms.push_id = push_days.push_id
            and (
                arms.dimension = 'everybody'
                or (push_days.outcome = 'funded_campaign' and push_days.is_latest)
            )
    left join added
        on
            arms.push_id = added.push_id
            and arms.dimension = added.dimension
            and arms.segment = added.segment
            and arms.arm = added.arm
            and push_days.outcome = added.outcome
            and push_days.day >= added.day
    group by
        arms.push_id,
        push_days.outcome,
        push_days.day,
        arms.dimension,
        arms.segment,
        arms.arm
)

select * from push_moments
