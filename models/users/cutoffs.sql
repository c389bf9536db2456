-- Looks back from the cut in steps of half a horizon: the fund network learns from the steps, and
-- what is measured on the last horizon is fitted as of cutoff 2, where it begins.
with

events as (
    select * from {{ ref('events') }}
),

cuts as (
    select
        -- Without as_of, the cut is the end of the events.
        {% set as_of = as_of_second() -%}
        max({{ 'client_time' if as_of is none else as_of }}){{ ' + 1' if as_of is none }} as cut_at,
        cast({{ var('horizon_days') }} as double) * 86400 / 2 as half_horizon
    from events
),

numbers as (
    select listed.cutoff
    from (values (0), (1), (2), (3), (4)) as listed (cutoff)
),

cutoffs as (
    select
        numbers.cutoff,
        cuts.cut_at - numbers.cutoff * cuts.half_horizon as cutoff_at
    from cuts
    cross join numbers
    where cuts.cut_at is not null
)

select * from cutoffs
