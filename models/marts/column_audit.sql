{%- set columns = [
    'category', 'event_name', 'gender', 'age', 'marital_status', 'session_id', 'device',
    'client_time', 'city', 'latitude', 'longitude', 'state', 'zip_code', 'amount',
] -%}
{%- set attributes = [
    'gender', 'age', 'marital_status', 'device', 'city', 'latitude', 'longitude', 'state', 'zip_code',
] -%}

with

events as (
    select * from {{ ref('events') }}
),

session_attribute_conflicts as (
    select * from {{ ref('session_attribute_conflicts') }}
),

missing as (
    select
        {%- for column in columns %}
        count(*) filter (where {{ column }} is null) as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from events
),

conflicts as (
    select
        {%- for attribute in attributes %}
        count(*) filter (where {{ attribute }}) as {{ attribute }}{{ "," if not loop.last }}
        {%- endfor %}
    from session_attribute_conflicts
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
