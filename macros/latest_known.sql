{%- macro latest_known(column, known=none) -%}
    max_by({{ column }}, profile_number) filter (where {{ known or column ~ ' is not null' }})
{%- endmacro -%}

{%- macro as_struct(columns) -%}
    {{ sql_function('struct_pack') }}({{ columns | join(', ') }})
{%- endmacro -%}
