{%- set missing_columns = event_fields() -%}
{%- set conflict_columns = [
    'gender', 'age', 'marital_status', 'device', 'city', 'latitude', 'longitude', 'state',
    'zip_code',
] -%}

with

events as (
    select * from {{ ref('events') }}
),

user_histories as (
    select * from {{ ref('user_histories') }}
    where cutoff = 0
),

missing as (
    select
        {{ for_each_column(missing_columns, 'count(*) - count({column}) as {column}') }}
    from events
),

conflicts as (
    select
        {{ for_each_column(
            conflict_columns, 'count(*) filter (where has_several_{column}) as {column}'
        ) }}
    from user_histories
),

missing_values as (
    {{ columns_as_rows('missing', missing_columns, 'missing_values') }}
),

users_with_several_values as (
    {{ columns_as_rows('conflicts', conflict_columns, 'users_with_several_values') }}
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
