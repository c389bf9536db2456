-- Half a horizon ahead is enough to learn from, and keeps the snapshots close to the moment of
-- fitting: users of far older ones behave differently.
with

snapshots as (
    select * from {{ ref('snapshots') }}
),

-- Fitted twice: now, and as of the beginning of the last horizon, to be measured on it.
fits as (
    select unnest([0, 2]) as fitted_as_of
),

roles as (
    select
        fits.fitted_as_of,
        unnest(
            [
                struct_pack(role := 'train', begins := fitted_as_of + 2, ends := fitted_as_of + 1),
                struct_pack(role := 'train', begins := fitted_as_of + 1, ends := fitted_as_of),
                -- Two half horizons make a whole one only nearly: this tells by how much.
                struct_pack(role := 'calibrate', begins := fitted_as_of + 2, ends := fitted_as_of),
                struct_pack(role := 'score', begins := fitted_as_of, ends := fitted_as_of - 2)
            ]
        ) as window
    from fits
),

fund_snapshots as (
    select
        roles.fitted_as_of,
        roles.window.role,
        roles.window.begins as snapshot,
        begins.snapshot_at as outcome_from,
        -- Unknown for the scores of now: it is the future.
        ends.snapshot_at as outcome_until
    from roles
    inner join snapshots as begins on roles.window.begins = begins.snapshot
    left join snapshots as ends on roles.window.ends = ends.snapshot
)

select * from fund_snapshots
