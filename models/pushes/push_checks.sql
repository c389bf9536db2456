with

ledger_counts as (
    select * from {{ ref('ledger_counts') }}
),

placebos as (
    select * from {{ ref('push_placebos') }}
),

other_pushes as (
    select * from {{ ref('other_pushes') }}
),

shared_controls as (
    select * from {{ ref('shared_controls') }}
),

-- How far the latest result is from another verdict.
latest_results as (
    select
        estimates.push_id,
        least(
            abs(estimates.difference - estimates.bound * estimates.standard_error),
            abs(estimates.difference + estimates.bound * estimates.standard_error)
        ) as distance
    from {{ ref('push_estimates') }} as estimates
    inner join {{ ref('push_days') }} as push_days
        on
            estimates.push_id = push_days.push_id
            and estimates.outcome = push_days.outcome
            and estimates.day = push_days.day
    where estimates.dimension = 'everybody' and push_days.is_primary and push_days.is_latest
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

equal_draws as (
    select
        push_id,
        'equal_draw' as check_name,
        max_control_probability - min_control_probability as value,
        case
            when is_equal_draw then format('{:.1f}% of the users were held back', held_back_percent)
            else
                format(
                    'Users were held back with probabilities from {:.1f}% to {:.1f}%',
                    100 * min_control_probability, 100 * max_control_probability
                )
        end as finding,
        case when is_equal_draw then 'pass' else 'fail' end as status
    from (
        select
            *,
            100 * control_users / cast(users as double) as held_back_percent
        from pushes
    ) as drawn_pushes
),

complete_ledgers as (
    select
        push_id,
        'ledger_complete' as check_name,
        users / cast(planned_users as double) as value,
        case
            when rejected_rows > 0
                then format(
                    '{:,} rows of this push were rejected: {}', rejected_rows, rejected_reasons
                )
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

-- Every user who got another push could have funded because of it, or have not.
unalike_spans as (
    select
        other_pushes.*,
        other_pushes.p_value < 0.001 as is_unalike,
        not other_pushes.is_twice and abs(other_pushes.difference) > latest_results.distance
            as may_change_verdict
    from other_pushes
    left join latest_results on other_pushes.push_id = latest_results.push_id
),

apart_from_others as (
    select
        push_id,
        'other_pushes' as check_name,
        max(abs(difference)) as value,
        format(
            'Other pushes{} reached {:.1f}% of the notified and {:.1f}% of the controls within the '
            || 'window, {:.1f}% and {:.1f}% within twice that',
            case
                when len(any_value(other_push_ids)) > 0
                    then ' (' || array_to_string(any_value(other_push_ids), ', ') || ')'
                else ''
            end,
            100 * max(notified_share) filter (where not is_twice),
            100 * max(control_share) filter (where not is_twice),
            100 * max(notified_share) filter (where is_twice),
            100 * max(control_share) filter (where is_twice)
        ) as finding,
        case
            when bool_or(is_unalike and may_change_verdict) then 'fail'
            when bool_or(is_unalike) or max(notified_share) > 0.05 or max(control_share) > 0.05
                then 'warn'
            else 'pass'
        end as status
    from unalike_spans
    group by push_id
),

alone as (
    select
        pushes.push_id,
        'shared_controls' as check_name,
        coalesce(shared_controls.shared_users, 0)
        / cast(nullif(pushes.control_users, 0) as double) as value,
        case
            when shared_controls.push_id is null
                then 'No other push has the same controls at the same time'
            else format(
                '{:,} of {:,} controls are also those of {}',
                shared_controls.shared_users, pushes.control_users,
                array_to_string(shared_controls.other_push_ids, ', ')
            )
        end as finding
    from pushes
    left join shared_controls on pushes.push_id = shared_controls.push_id
),

all_checks as (
    select * from complete_ledgers
    union all by name
    select * from equal_draws
    union all by name
    select * from sample_ratios
    union all by name
    select * from control_reached
    union all by name
    select * from placebo
    union all by name
    select * from delivered
    union all by name
    select * from apart_from_others
    union all by name
    select * from alone
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
            when check_name = 'shared_controls' and value > 0 then 'warn'
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
            when check_name = 'equal_draw'
                then
                    'The arms differ in who was likely to be held back, and the readout has no '
                    || 'weights for that. Hold back the same share of everybody.'
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
            when check_name = 'other_pushes'
                then
                    'Let the next push leave out both arms of this one until twice the window is '
                    || 'over. Where the arms differ, the effect is that of all '
                    || 'these pushes.'
            when check_name = 'shared_controls'
                then
                    'Do not add up the results of these pushes yourself: push_program counts their '
                    || 'users once.'
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
