{#- With --full-refresh, forget the networks of the last build: they are kept where nothing has changed. -#}
{%- macro forget_networks() -%}
    {%- if execute and flags.FULL_REFRESH and flags.WHICH in ('build', 'run') -%}
        {%- for name in ['attribute_network', 'fund_network'] -%}
            {%- set node = graph.nodes['model.bootloader.' ~ name] -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation and node.unique_id in selected_resources -%}
                {%- do adapter.drop_relation(relation) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}


{#- Where new events will be learned from, begin with the seconds of imports while SQL runs. -#}
{%- macro prepare_training() -%}
    {%- if execute and flags.WHICH in ('build', 'run')
        and 'model.bootloader.fund_network' in selected_resources
        and 'model.bootloader.judged_records' in selected_resources
        and (must_read_all_files() or files_to_read()) -%}
        {%- do run_query('select import_training()') -%}
    {%- endif -%}
{%- endmacro -%}
