with

strata as (
    select
        model_cutoff,
        split,
        cutoff,
        step,
        is_funded,
        count(*) as rows_of_stratum
    from {{ ref('fund_examples') }}
    where split in ('train', 'calibration')
    group by model_cutoff, split, cutoff, step, is_funded
),

fractions as (
    select
        *,
        {{ sampling_fraction('sum(rows_of_stratum) over (partition by model_cutoff, split)') }}
            as sampling_fraction
    from strata
),

-- The examples are read twice: a common step would copy all of them.
ranked as (
    select
        examples.*,
        fractions.rows_of_stratum,
        fractions.sampling_fraction,
        row_number() over (
            partition by
                examples.model_cutoff,
                examples.split,
                examples.cutoff,
                examples.step,
                examples.is_funded
            order by md5(examples.session_id), examples.session_id, examples.category
        ) as sample_rank
    from {{ ref('fund_examples') }} as examples
    inner join fractions
        on
            examples.model_cutoff = fractions.model_cutoff
            and examples.split = fractions.split
            and examples.cutoff = fractions.cutoff
            and examples.step = fractions.step
            and examples.is_funded = fractions.is_funded
    where {{ is_sample_candidate('examples.session_id') }}
),

fund_training_examples as (
    select
        model_cutoff,
        split,
        cutoff,
        step,
        session_id,
        category,
        {{ (user_attributes() + fund_features()) | join(', ') }},
        notified_share,
        is_funded
    from ranked
    where {{ is_in_training_sample() }}
)

select * from fund_training_examples
