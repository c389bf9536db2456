-- Half a horizon ahead is enough to learn from, and keeps the cutoffs close to the moment of
-- fitting: users of far older ones behave differently.
with

cutoffs as (
    select * from {{ ref('cutoffs') }}
),

-- Fitted twice: now, and as of the beginning of the last horizon, to be measured on it.
fits as (
    select listed.model_cutoff
    from (values (0), (2)) as listed (model_cutoff)
),

-- From which cutoff to which, counted back from the moment of the fit.
splits as (
    select
        listed.split,
        listed.begins_at,
        listed.ends_at
    from (
        values
        ('train', 2, 1),
        ('train', 1, 0),
        -- Two half horizons make a whole one only nearly: this tells by how much.
        ('calibration', 2, 0),
        ('score', 0, -2)
    ) as listed (split, begins_at, ends_at)
),

fund_cutoffs as (
    select
        fits.model_cutoff,
        splits.split,
        cutoffs.cutoff,
        cutoffs.cutoff_at as outcome_from,
        -- Unknown for the scores of now: it is the future.
        outcome_ends.cutoff_at as outcome_until
    from fits
    cross join splits
    inner join cutoffs on fits.model_cutoff + splits.begins_at = cutoffs.cutoff
    left join cutoffs as outcome_ends
        on fits.model_cutoff + splits.ends_at = outcome_ends.cutoff
)

select * from fund_cutoffs
