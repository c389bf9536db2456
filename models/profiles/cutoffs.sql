-- Looks back from the cut in steps of half a horizon: the fund network learns from the steps, and
-- what is measured on the last horizon is fitted as of cutoff 2, where it begins. Two steps before
-- it are enough, and users of far older ones behave differently; where they have few fundings, as
-- many more steps are taken as it needs.
with

events as (
    select * from {{ ref('events') }}
),

cuts as (
    select
        -- Without as_of, the cut is the end of the events.
        {% set as_of = as_of_second() -%}
        max({{ 'client_time' if as_of is none else as_of }}){{ ' + 1' if as_of is none }} as cut_at,
        {{ half_horizon() }} as half_horizon
    from events
),

depths as (
    select listed.steps
    from (values (2), (4), (6), (8)) as listed (steps)
),

fundings as (
    select
        depths.steps,
        count(*) as fundings
    from events
    cross join cuts
    cross join depths
    where
        events.event_name = {{ sql_text(var('fund_event')) }}
        and events.client_time < cuts.cut_at - 2 * cuts.half_horizon
        and events.client_time >= cuts.cut_at - (2 + depths.steps) * cuts.half_horizon
    group by depths.steps
),

chosen as (
    select coalesce(min(steps) filter (where fundings >= 500), max(steps), 2) as steps
    from fundings
),

numbers as (
    select listed.cutoff
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) as listed (cutoff)
    cross join chosen
    where listed.cutoff <= {{ holdout_cutoff() }} + chosen.steps
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
