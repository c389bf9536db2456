{#- The serving copy has the values of the last good build; there is none before the first one. -#}
{%- set published = serving_copy_table('column_values') -%}
{%- set texts = profile_fields() | reject('in', numeric_fields()) | list -%}
{%- set columns = ['category'] + texts -%}

with

events as (
    select * from {{ ref('events') }}
),

published_values as (
    {% if published %}
    select
        column_name,
        column_value
    from {{ published }}
    {% else %}
    select
        cast(null as {{ dbt.type_string() }}) as column_name,
        cast(null as {{ dbt.type_string() }}) as column_value
    where false
    {% endif %}
),

earlier_build as (
    select count(*) as published_values from published_values
),

counted as (
    {% for column in columns %}
    select
        '{{ column }}' as column_name,
        {{ column }} as column_value,
        count(*) as events
    from events
    where {{ column }} is not null
    group by {{ column }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

column_values as (
    select
        counted.column_name,
        counted.column_value,
        counted.events,
        case
            when earlier_build.published_values > 0
                then published_values.column_value is null
        end as is_new
    from counted
    cross join earlier_build
    left join published_values
        on
            counted.column_name = published_values.column_name
            and counted.column_value = published_values.column_value
)

select * from column_values
