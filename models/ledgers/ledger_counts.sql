-- The draw of a plan leaves nothing to chance: each part of the ranking has as many controls as its
-- users times their probability. Where rows are lost, a count is off, however few they are.
with

validated_assignments as (
    select * from {{ ref('validated_assignments') }}
),

push_assignments as (
    select *
    from validated_assignments
    where
        validation_error is null
        -- They were drawn like the others: that their ids are one user is only known since then.
        or validation_error in ('one user in both arms', 'one user under several ids')
),

rejected_by_reason as (
    select
        push_id,
        validation_error as reason,
        count(*) as rejected_rows
    from validated_assignments
    where
        -- A row that is there twice is counted once, and harms nothing.
        validation_error not in (
            'duplicate assignment', 'one user in both arms', 'one user under several ids'
        )
    group by push_id, validation_error
),

rejected_rows as (
    select
        push_id,
        cast(sum(rejected_rows) as bigint) as rejected_rows,
        string_agg(
            format('{:,} {}', rejected_rows, reason), ', '
            order by rejected_rows desc, reason asc
        ) as rejected_reasons
    from rejected_by_reason
    group by push_id
),

strata as (
    select
        push_id,
        count(*) as users,
        count(*) filter (where arm = 'control') as controls,
        control_probability,
        count(*) * control_probability as expected_controls,
        max(planned_users) as planned_users,
        -- As many as with the share of the whole push.
        count(*) * (
            sum(sum(cast(control_probability as decimal(18, 12)))) over same_push
            / sum(count(*)) over same_push
        ) as even_controls
    from push_assignments
    group by push_id, stratum, control_probability
    window same_push as (partition by push_id)
),

pushes as (
    select
        push_id,
        cast(sum(users) as bigint) as users,
        cast(sum(controls) as bigint) as controls,
        cast(sum(cast(expected_controls as decimal(18, 6))) as double) as expected_controls,
        max(planned_users) as planned_users,
        count(*) as strata,
        -- Probabilities are floating numbers.
        count(*) filter (where abs(controls - expected_controls) > 1e-6) as uneven_strata,
        -- A draw rounds the number of controls in each part of the ranking.
        bool_and(abs(even_controls - expected_controls) <= 1 + 1e-6) as is_equal_draw,
        min(control_probability) as min_control_probability,
        max(control_probability) as max_control_probability
    from strata
    group by push_id
),

ledger_counts as (
    select
        pushes.*,
        coalesce(rejected_rows.rejected_rows, 0) as rejected_rows,
        rejected_rows.rejected_reasons
    from pushes
    left join rejected_rows on pushes.push_id = rejected_rows.push_id
)

select * from ledger_counts
