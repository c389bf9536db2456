{#- Stop before any table is touched where the variables name no events that can be read. -#}
{%- macro check_variables() -%}
    {%- if execute and flags.WHICH in ('build', 'run')
        and 'model.bootloader.judged_records' in selected_resources -%}
        {%- do find_event_files() -%}
        {%- do as_of_second() -%}
    {%- endif -%}
{%- endmacro -%}
