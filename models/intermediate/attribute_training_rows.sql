with

histories as (
    select * from {{ ref('user_category_histories') }}
    -- Now, and where the last horizon begins: the notebook's method is measured on that.
    where snapshot in (0, 2)
),

placed as (
    select
        *,
        count(*) over (partition by snapshot) as rows_to_choose_from,
        count(*) over (partition by snapshot, category) as rows_of_stratum,
        row_number() over (
            partition by snapshot, category
            order by md5(session_id), session_id
        ) as place
    from histories
),

attribute_training_rows as (
    select
        snapshot,
        session_id,
        category,
        interval_between_actions,
        avg_conversion_ratio,
        gender_cleaned,
        age,
        marital_status,
        device,
        city,
        state,
        zip_code,
        latitude,
        longitude
    from placed
    where {{ is_in_training_sample() }}
)

select * from attribute_training_rows
