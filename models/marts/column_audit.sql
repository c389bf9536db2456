with

events as (
    select * from {{ ref('events') }}
),

user_histories as (
    select * from {{ ref('user_histories') }}
    where snapshot = 0
),

missing as (
    select
        count(*) - count(category) as category,
        count(*) - count(event_name) as event_name,
        count(*) - count(gender) as gender,
        count(*) - count(age) as age,
        count(*) - count(marital_status) as marital_status,
        count(*) - count(session_id) as session_id,
        count(*) - count(device) as device,
        count(*) - count(client_time) as client_time,
        count(*) - count(city) as city,
        count(*) - count(latitude) as latitude,
        count(*) - count(longitude) as longitude,
        count(*) - count(state) as state,
        count(*) - count(zip_code) as zip_code,
        count(*) - count(amount) as amount
    from events
),

conflicts as (
    select
        count(*) filter (where has_several_gender) as gender,
        count(*) filter (where has_several_age) as age,
        count(*) filter (where has_several_marital_status) as marital_status,
        count(*) filter (where has_several_device) as device,
        count(*) filter (where has_several_city) as city,
        count(*) filter (where has_several_latitude) as latitude,
        count(*) filter (where has_several_longitude) as longitude,
        count(*) filter (where has_several_state) as state,
        count(*) filter (where has_several_zip_code) as zip_code
    from user_histories
),

missing_values as (
    unpivot missing on columns(*) into name column_name value missing_values
),

users_with_several_values as (
    unpivot conflicts on columns(*) into name column_name value users_with_several_values
),

column_audit as (
    select
        missing_values.column_name,
        missing_values.missing_values,
        users_with_several_values.users_with_several_values
    from missing_values
    left join users_with_several_values
        on missing_values.column_name = users_with_several_values.column_name
)

select * from column_audit
