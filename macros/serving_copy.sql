{%- macro serving_copy() -%}
    {{ return(env_var('BOOTLOADER_SERVING', 'serving.duckdb')) }}
{%- endmacro -%}

{%- macro serving_copy_table(name) -%}
    {%- set file = sql_text(serving_copy()) -%}
    {%- if execute and target.type == 'duckdb' and run_query("from glob(" ~ file ~ ")").rows -%}
        {{ return("read_duckdb(" ~ file ~ ", table_name = " ~ sql_text(name) ~ ")") }}
    {%- endif -%}
{%- endmacro -%}
