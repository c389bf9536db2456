with

push_assignments as (
    select * from {{ ref('push_assignments') }}
),

cut as (
    select {{ epoch_to_timestamp('cast(floor(cutoff_at) as bigint)') }} as cut_at
    from {{ ref('cutoffs') }}
    where cutoff = 0
),

bounds as (
    select * from {{ ref('obrien_fleming_bounds') }}
),

pushes as (
    select distinct
        push_id,
        starts_at,
        window_days,
        cast(ceil(window_days) as bigint) as whole_days
    from push_assignments
),

looks as (
    select
        push_id,
        unnest(
            ['funded_campaign', 'funded_anything', 'viewed', 'amount', 'amount_winsorized']
        ) as outcome,
        day,
        starts_at + to_seconds(least(day, window_days) * 86400) as ends_at,
        whole_days - day as days_left
    from (
        select
            *,
            unnest(range(1, whole_days + 1)) as day
        from pushes
    ) as listed
),

-- Outcomes that are looked at once, when they are over.
single_looks as (
    select
        push_id,
        'funded_within_twice' as outcome,
        cast(ceil(2 * window_days) as bigint) as day,
        starts_at + to_seconds(2 * window_days * 86400) as ends_at,
        0 as days_left
    from pushes
    union all
    select
        push_id,
        'placebo' as outcome,
        0 as day,
        starts_at as ends_at,
        0 as days_left
    from pushes
),

all_looks as (
    select * from looks
    union all
    select * from single_looks
),

push_days as (
    select
        all_looks.push_id,
        all_looks.outcome,
        all_looks.day,
        all_looks.ends_at,
        all_looks.days_left,
        all_looks.days_left = 0 as is_final,
        all_looks.day = max(all_looks.day) over (
            partition by all_looks.push_id, all_looks.outcome
        ) as is_latest,
        -- The outcome that the push is for: it alone has a verdict.
        all_looks.outcome = 'funded_campaign' as is_primary,
        case
            when all_looks.days_left = 0 then {{ z_of_95_percent() }}
            else
                -- Above 60 looks: the limit for looks without end.
                coalesce(bounds.final_bound, 2.2414)
                * sqrt((all_looks.day + all_looks.days_left) / cast(all_looks.day as double))
        end as bound
    from all_looks
    cross join cut
    left join bounds on all_looks.day + all_looks.days_left = bounds.looks
    where all_looks.ends_at <= cut.cut_at
)

select * from push_days
