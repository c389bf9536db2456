-- The fund network learns from snapshots whose outcomes end before the cut, and scores users as of
-- the cut. Half a horizon ahead is enough to learn from, and keeps the snapshots close to the cut:
-- users of far older ones behave differently.
with

events as (
    select * from {{ ref('events') }}
),

cuts as (
    select
        -- Without as_of, the cut is the end of the events.
        {% set as_of = as_of_second() -%}
        max({{ 'client_time' if as_of is none else as_of }}){{ ' + 1' if as_of is none }} as cut,
        round(cast({{ var('horizon_days') }} as double) * 86400) as horizon
    from events
),

fund_snapshots as (
    select
        'train' as role,
        cut - horizon as snapshot_at,
        cut - horizon / 2 as outcome_until
    from cuts
    union all
    select
        'train' as role,
        cut - horizon / 2 as snapshot_at,
        cut as outcome_until
    from cuts
    union all
    -- Two half horizons make a whole one only nearly: this one tells by how much.
    select
        'calibrate' as role,
        cut - horizon as snapshot_at,
        cut as outcome_until
    from cuts
    union all
    select
        'score' as role,
        cut as snapshot_at,
        cut + horizon as outcome_until
    from cuts
)

select * from fund_snapshots
