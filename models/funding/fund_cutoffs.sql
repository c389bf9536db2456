-- The horizon in two steps: whether a user funds within its first half, and, for those who did not,
-- within its second half. Half a horizon ahead is enough to learn each from, and keeps the cutoffs
-- close to the moment of fitting: users of far older ones behave differently.
with

cutoffs as (
    select * from {{ ref('cutoffs') }}
),

-- Fitted twice: now, and as of the beginning of the last horizon, to be measured on it.
fits as (
    select listed.model_cutoff
    from (select unnest([{{ model_cutoffs() }}]) as model_cutoff) as listed
),

-- Counted back from the moment of the fit: what is known at which cutoff, and from which to which
-- one the outcome lasts. Without few fundings there are two half horizons to learn from.
splits as (
    select
        listed.split,
        listed.step,
        listed.known_at,
        listed.begins_at,
        listed.ends_at
    from (
        -- Two steps make the horizon only nearly: calibration tells by how much.
        values
        ('score', 0, 0, 0, -2)
        {%- for number in range(1, 9) %},
        ('train', 1, {{ number }}, {{ number }}, {{ number - 1 }})
        {%- endfor %}
        {%- for number in range(2, 9) %},
        ('train', 2, {{ number }}, {{ number - 1 }}, {{ number - 2 }})
        {%- endfor %}
        {%- for number in range(2, 9, 2) %},
        ('calibration', 0, {{ number }}, {{ number }}, {{ number - 2 }})
        {%- endfor %}
    ) as listed (split, step, known_at, begins_at, ends_at)
),

deepest as (
    select max(cutoff) - {{ holdout_cutoff() }} as steps
    from cutoffs
),

fund_cutoffs as (
    select
        fits.model_cutoff,
        splits.split,
        splits.step,
        cutoffs.cutoff,
        cutoffs.cutoff_at,
        outcome_begins.cutoff_at as outcome_from,
        -- Unknown for the scores of now: it is the future.
        outcome_ends.cutoff_at as outcome_until,
        -- What is newer counts more: of the older of two, the first half is asked of every second
        -- user.
        splits.step = 1 and splits.known_at = deepest.steps as is_halved
    from fits
    cross join splits
    cross join deepest
    inner join cutoffs on fits.model_cutoff + splits.known_at = cutoffs.cutoff
    inner join cutoffs as outcome_begins
        on fits.model_cutoff + splits.begins_at = outcome_begins.cutoff
    left join cutoffs as outcome_ends
        on fits.model_cutoff + splits.ends_at = outcome_ends.cutoff
    where splits.known_at <= deepest.steps
)

select * from fund_cutoffs
