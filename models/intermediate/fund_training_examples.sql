with

strata as (
    select
        fitted_as_of,
        role,
        snapshot,
        is_funded,
        count(*) as rows_of_stratum
    from {{ ref('fund_examples') }}
    where role in ('train', 'calibrate')
    group by fitted_as_of, role, snapshot, is_funded
),

shares as (
    select
        *,
        {{ share_to_learn_from('sum(rows_of_stratum) over (partition by fitted_as_of, role)') }}
            as kept_share
    from strata
),

-- The examples are read twice: a common step would copy all of them.
placed as (
    select
        examples.*,
        shares.rows_of_stratum,
        shares.kept_share,
        row_number() over (
            partition by
                examples.fitted_as_of, examples.role, examples.snapshot, examples.is_funded
            order by md5(examples.session_id), examples.session_id, examples.category
        ) as place
    from {{ ref('fund_examples') }} as examples
    inner join shares
        on
            examples.fitted_as_of = shares.fitted_as_of
            and examples.role = shares.role
            and examples.snapshot = shares.snapshot
            and examples.is_funded = shares.is_funded
    where {{ comes_near_sample('examples.session_id') }}
),

fund_training_examples as (
    select
        fitted_as_of,
        role,
        snapshot,
        session_id,
        category,
        age,
        gender_cleaned,
        marital_status,
        device,
        state,
        views,
        funds,
        pending_views,
        total_views,
        total_funds,
        total_pending_views,
        is_funded
    from placed
    where {{ is_in_training_sample() }}
)

select * from fund_training_examples
