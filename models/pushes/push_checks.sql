with

push_assignments as (
    select * from {{ ref('push_assignments') }}
),

placebos as (
    select * from {{ ref('push_estimates') }}
    where outcome = 'placebo' and dimension = 'everybody'
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
        push_id,
        cast(count(*) as double) as users,
        count(*) filter (where arm = 'control') as control_users,
        count(*) filter (where arm = 'notify') as notified_users,
        cast(sum(cast(control_probability as decimal(18, 12))) as double) as expected_controls
    from push_assignments
    group by push_id
),

sample_ratios as (
    select
        push_id,
        'sample_ratio' as check_name,
        -- Pearson's chi-square of two arms has one degree of freedom.
        2 * normal_cdf(
            -abs(control_users - expected_controls)
            / sqrt(expected_controls * (users - expected_controls) / users)
        ) as value,
        format(
            '{:,} users notified and {:,} held back, where the draw makes {:,.0f} of {:,}',
            notified_users, control_users, expected_controls, cast(users as bigint)
        ) as finding
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
        2 * normal_cdf(-abs(placebos.difference / placebos.standard_error)) as value,
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
    select * from sample_ratios
    union all
    select * from control_reached
    union all
    select * from placebo
    union all
    select * from delivered
),

statuses as (
    select
        push_id,
        check_name,
        value,
        finding,
        case
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
        case when status <> 'unknown' then finding end as finding,
        case
            when status = 'pass' then 'Nothing.'
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
