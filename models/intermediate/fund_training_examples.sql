with

fund_examples as (
    select * from {{ ref('fund_examples') }}
    where role in ('train', 'calibrate')
),

placed as (
    select
        *,
        count(*) over (partition by fitted_as_of, role) as rows_to_choose_from,
        count(*)
            over (partition by fitted_as_of, role, snapshot, is_funded)
            as rows_of_stratum,
        row_number() over (
            partition by fitted_as_of, role, snapshot, is_funded
            order by md5(session_id), session_id, category
        ) as place
    from fund_examples
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
