with

category_actions as (
    select * from {{ ref('category_actions') }}
    -- Now, and where the last horizon begins: the notebook's method is measured on that.
    where snapshot in (0, 2)
),

users as (
    select * from {{ ref('user_histories') }}
    where snapshot in (0, 2)
),

strata as (
    select
        snapshot,
        category,
        count(*) as rows_of_stratum
    from category_actions
    group by snapshot, category
),

shares as (
    select
        *,
        {{ share_to_learn_from('sum(rows_of_stratum) over (partition by snapshot)') }} as kept_share
    from strata
),

placed as (
    select
        actions.*,
        shares.rows_of_stratum,
        shares.kept_share,
        row_number() over (
            partition by actions.snapshot, actions.category
            order by md5(actions.session_id), actions.session_id
        ) as place
    from category_actions as actions
    inner join shares
        on
            actions.snapshot = shares.snapshot
            and actions.category = shares.category
    where {{ comes_near_sample('actions.session_id') }}
),

attribute_training_rows as (
    select
        placed.snapshot,
        placed.session_id,
        placed.category,
        placed.interval_between_actions,
        placed.avg_conversion_ratio,
        users.gender_cleaned,
        users.age,
        users.marital_status,
        users.device,
        users.city,
        users.state,
        users.zip_code,
        users.latitude,
        users.longitude
    from placed
    inner join users
        on
            placed.snapshot = users.snapshot
            and placed.session_id = users.session_id
    where {{ is_in_training_sample() }}
)

select * from attribute_training_rows
