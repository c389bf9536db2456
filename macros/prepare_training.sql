{#- Where something will be trained, begin with the seconds of imports while SQL runs. -#}
{%- macro prepare_training() -%}
    {%- if execute and flags.WHICH in ('build', 'run')
        and 'model.bootloader.fund_network' in selected_resources -%}
        {%- do run_query('select import_training()') -%}
    {%- endif -%}
{%- endmacro -%}
