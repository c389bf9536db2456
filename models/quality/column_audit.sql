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
        {{ for_each_column(event_fields(), 'count(*) - count({column}) as {column}') }}
    from events
),

conflicts as (
    select
        {{ for_each_column(
            profile_fields(), 'count(*) filter (where has_several_{column}) as {column}'
        ) }}
    from user_histories
),

missing_values as (
    {{ columns_as_rows('missing', event_fields(), 'missing_values') }}
),

users_with_several_values as (
    {{ columns_as_rows('conflicts', profile_fields(), 'users_with_several_values') }}
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
