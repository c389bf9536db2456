-- Half a horizon ahead is enough to learn from, and keeps the snapshots close to the moment of
-- fitting: users of far older ones behave differently.
with

snapshots as (
    select * from {{ ref('snapshots') }}
),

-- Fitted twice: now, and as of the beginning of the last horizon, to be measured on it.
fits as (
    select listed.fitted_as_of
    from (values (0), (2)) as listed (fitted_as_of)
),

-- From which snapshot to which, counted back from the moment of the fit.
roles as (
    select
        listed.role,
        listed.begins_at,
        listed.ends_at
    from (
        values
        ('train', 2, 1),
        ('train', 1, 0),
        -- Two half horizons make a whole one only nearly: this tells by how much.
        ('calibrate', 2, 0),
        ('score', 0, -2)
    ) as listed (role, begins_at, ends_at)
),

fund_snapshots as (
    select
        fits.fitted_as_of,
        roles.role,
        snapshots.snapshot,
        snapshots.snapshot_at as outcome_from,
        -- Unknown for the scores of now: it is the future.
        outcome_ends.snapshot_at as outcome_until
    from fits
    cross join roles
    inner join snapshots on fits.fitted_as_of + roles.begins_at = snapshots.snapshot
    left join snapshots as outcome_ends
        on fits.fitted_as_of + roles.ends_at = outcome_ends.snapshot
)

select * from fund_snapshots
