with

ledger_counts as (
    select * from {{ ref('ledger_counts') }}
),

placebos as (
    select * from {{ ref('push_placebos') }}
),

deliveries as (
    select
        push_id,
        count(*) filter (where arm = 'notify' and sent_at is not null) as notified_sent,
        count(*) filter (where arm = 'notify' and delivered_at is not null)
            as notified_delivered,
        count(*) filter (where arm = 'control' and coalesce(delivered_at, sent_at) is not null)
            as control_reached,
        count(delivered_at) > 0 as has_deliveries
    from {{ ref('push_deliveries') }}
    group by push_id
),

pushes as (
    select
        *,
        controls as control_users,
        users - controls as notified_users
    from ledger_counts
),

sample_ratios as (
    select
        push_id,
        'sample_ratio' as check_name,
        -- Pearson's chi-square of two arms has one degree of freedom.
        2 * normal_cdf(
            -abs(control_users - expected_controls)
            / sqrt(expected_controls * (users - expected_controls) / cast(users as double))
        ) as value,
        format(
            '{:,} users notified and {:,} held back, where the draw makes {:,.0f} of {:,}',
            notified_users, control_users, expected_controls, users
        ) as finding
    from pushes
),

complete_ledgers as (
    select
        push_id,
        'ledger_complete' as check_name,
        users / cast(planned_users as double) as value,
        case
            when rejected_rows > 0
                then format('{:,} rows of this push were rejected', rejected_rows)
            when users <> planned_users
                then format('{:,} users, where {:,} were planned', users, planned_users)
            when uneven_strata > 0
                then format(
                    '{:,} of {:,} parts of the ranking have not as many controls as the draw makes',
                    uneven_strata, strata
                )
            when planned_users is null
                then 'The ledger does not tell how many users were planned'
            else format('All of the {:,} users who were planned', users)
        end as finding,
        case
            when rejected_rows > 0 then 'fail'
            -- A draw that was not made by plan_push may leave the number of controls to chance.
            when planned_users is null and uneven_strata > 0 then 'warn'
            when planned_users is null then 'unknown'
            when users <> planned_users or uneven_strata > 0 then 'fail'
            else 'pass'
        end as status
    from pushes
),

control_reached as (
    select
        pushes.push_id,
        'control_reached' as check_name,
        deliveries.control_reached / cast(nullif(pushes.control_users, 0) as double) as value,
        format(
            '{:,} of {:,} users held back got the push',
            deliveries.control_reached, pushes.control_users
        ) as finding
    from pushes
    left join deliveries on pushes.push_id = deliveries.push_id
),

placebo as (
    select
        pushes.push_id,
        'placebo' as check_name,
        placebos.p_value as value,
        format(
            'Before the push, {:.1f}% of the notified and {:.1f}% of the controls funded',
            100 * placebos.notified_mean, 100 * placebos.control_mean
        ) as finding
    from pushes
    left join placebos on pushes.push_id = placebos.push_id
),

delivered as (
    select
        pushes.push_id,
        'delivered' as check_name,
        case
            when deliveries.has_deliveries
                then
                    deliveries.notified_delivered
                    / cast(nullif(pushes.notified_users, 0) as double)
        end as value,
        format(
            '{:,} of {:,} notified users got the push',
            deliveries.notified_delivered, pushes.notified_users
        ) as finding
    from pushes
    left join deliveries on pushes.push_id = deliveries.push_id
),

all_checks as (
    select * from complete_ledgers
    union all by name
    select * from sample_ratios
    union all by name
    select * from control_reached
    union all by name
    select * from placebo
    union all by name
    select * from delivered
),

statuses as (
    select
        push_id,
        check_name,
        value,
        finding,
        case
            when status is not null then status
            when value is null then 'unknown'
            when check_name in ('sample_ratio', 'placebo') and value < 0.001 then 'fail'
            when check_name = 'placebo' and value < 0.01 then 'warn'
            when check_name = 'control_reached' and value > 0.05 then 'fail'
            when check_name = 'control_reached' and value > 0 then 'warn'
            when check_name = 'delivered' and value < 0.9 then 'warn'
            else 'pass'
        end as status
    from all_checks
),

push_checks as (
    select
        push_id,
        check_name,
        status,
        value,
        case when status <> 'unknown' or check_name = 'ledger_complete' then finding end
            as finding,
        case
            when status = 'pass' then 'Nothing.'
            when check_name = 'ledger_complete' and status = 'fail'
                then
                    'The ledger is not the one that was drawn, so the arms cannot be compared. '
                    || 'See rejected_assignments, find the ledger as it was planned, and build '
                    || 'again.'
            when check_name = 'ledger_complete'
                then
                    'Compare the ledger with the draw yourself. Ledgers of plan_push tell it in '
                    || 'planned_users.'
            when check_name = 'sample_ratio'
                then
                    'Users are missing from the ledger, so the arms cannot be compared. Find the '
                    || 'ledger as it was planned, and build again.'
            when check_name = 'control_reached' and status = 'unknown'
                then
                    'Have the push tool log what it sent and delivered, and set '
                    || 'push_sent_event and push_delivered_event.'
            when check_name = 'control_reached'
                then
                    'Find out why the push tool told users who are not in send.csv. The effect '
                    || 'is understated: it compares with users some of whom were told.'
            when check_name = 'placebo' and status = 'unknown'
                then 'Too few users funded before the push. Build with events of a longer time.'
            when check_name = 'placebo'
                then
                    'The arms differed before anything was sent. Check that send.csv was used as '
                    || 'it was drawn, and do not trust the result.'
            when check_name = 'delivered' and status = 'unknown'
                then
                    'Have the push tool log what it delivered, and set push_delivered_event.'
            when check_name = 'delivered'
                then
                    'Find out why messages did not arrive. The effect is that of sending, over '
                    || 'all notified users.'
        end as what_to_do
    from statuses
)

select * from push_checks
