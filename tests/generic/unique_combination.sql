{#- Fails for each combination of values that more than one row has: the grain is then not what it says. -#}
{%- test unique_combination(model, columns) %}
    select
        {{ columns | join(',\n        ') }},
        count(*) as rows_found
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{%- endtest %}
