{#-
    The one row of a relation as a row per column: its name, and its value. Not every engine's
    `unpivot` reads alike.
-#}
{%- macro columns_as_rows(relation, columns, value_name) -%}
    {%- for column in columns -%}
        select '{{ column }}' as column_name, {{ column }} as {{ value_name }} from {{ relation }}
        {{- "\n    union all\n    " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}

{#-
    An expression for each column, which stands in it as {column}; a comma or an `and` between them.
-#}
{%- macro for_each_column(columns, expression, separator=',') -%}
    {%- for column in columns -%}
        {{ expression.format(column=column) }}{{ separator ~ "\n        " if not loop.last }}
    {%- endfor -%}
{%- endmacro -%}
