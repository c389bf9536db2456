{%- macro columns_as_rows(relation, columns, value_name) -%}
    {%- for column in columns -%}
        select '{{ column }}' as column_name, {{ column }} as {{ value_name }} from {{ relation }}
        {{- "\n    union all\n    " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro for_each_column(columns, expression, separator=',') -%}
    {%- for column in columns -%}
        {{ expression.format(column=column) }}{{ separator ~ "\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
