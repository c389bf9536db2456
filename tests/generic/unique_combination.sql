{#- Fails for each combination of values that more than one row has: the grain is then not what it says. -#}
{%- test unique_combination(model, columns, and_user_attributes=false) %}
    {%- set columns = columns + (user_attributes() if and_user_attributes else []) %}
    select
        {{ columns | join(',\n        ') }},
        count(*) as rows_found
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{%- endtest %}
