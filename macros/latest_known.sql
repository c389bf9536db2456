{#- The value in the user's last profile that has a known one. -#}
{%- macro latest_known(column, known=none) -%}
    max_by({{ column }}, profile_number) filter (where {{ known or column ~ ' is not null' }})
{%- endmacro -%}

{#- Several columns as one value. -#}
{%- macro as_struct(columns) -%}
    {{ sql_function('struct_pack') }}({{ columns | join(', ') }})
{%- endmacro -%}
