with

category_actions as (
    select * from {{ ref('category_actions') }}
    where cutoff in ({{ model_cutoffs() }})
),

users as (
    select * from {{ ref('user_histories') }}
    where cutoff in ({{ model_cutoffs() }})
),

strata as (
    select
        cutoff,
        category,
        count(*) as rows_of_stratum
    from category_actions
    group by cutoff, category
),

fractions as (
    select
        *,
        {{ sampling_fraction('sum(rows_of_stratum) over (partition by cutoff)') }}
            as sampling_fraction
    from strata
),

ranked as (
    select
        actions.*,
        fractions.rows_of_stratum,
        fractions.sampling_fraction,
        row_number() over (
            partition by actions.cutoff, actions.category
            order by md5(actions.session_id), actions.session_id
        ) as sample_rank
    from category_actions as actions
    inner join fractions
        on
            actions.cutoff = fractions.cutoff
            and actions.category = fractions.category
    where {{ is_sample_candidate('actions.session_id') }}
),

-- The columns of the notebook: a closed list, which no attribute joins.
attribute_training_rows as (
    select
        ranked.cutoff,
        ranked.session_id,
        ranked.category,
        ranked.interval_between_actions,
        ranked.avg_conversion_ratio,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from ranked
    inner join users
        on
            ranked.cutoff = users.cutoff
            and ranked.session_id = users.session_id
    where {{ is_in_training_sample() }}
)

select * from attribute_training_rows
