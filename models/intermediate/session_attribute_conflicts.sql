{%- set attributes = [
    'age', 'gender', 'marital_status', 'device',
    'city', 'state', 'zip_code', 'latitude', 'longitude',
] -%}

with

events as (
    select * from {{ ref('events') }}
),

session_attribute_conflicts as (
    select
        session_id,
        {%- for attribute in attributes %}
        coalesce(min({{ attribute }}) <> max({{ attribute }}), false) as {{ attribute }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from events
    group by session_id
)

select * from session_attribute_conflicts
