{#- What was built and where to look, at the end of a build in which nothing went wrong. -#}
{%- macro print_summary(results) -%}
    {%- if execute and flags.WHICH == 'build' and is_good(results) -%}
        {#- What people query: the tables with a contract, and the seeds. -#}
        {%- set nodes = results | selectattr('status', 'equalto', 'success') | map(attribute='node') | list -%}
        {%- set built = nodes | selectattr('resource_type', 'equalto', 'seed') | list
            + nodes | selectattr('config.contract.enforced') | list -%}
        {%- if built -%}
            {{ log("", info=True) }}
            {{ log("%-24s %12s" | format("table", "rows"), info=True) }}
            {%- for node in built -%}
                {%- set rows = run_query("select count(*) from " ~ node.relation_name) -%}
                {{ log("%-24s %12s" | format(node.alias, "{:,}".format(rows.columns[0].values()[0])), info=True) }}
            {%- endfor -%}
            {{ log("", info=True) }}
            {%- if target.type == 'duckdb' %}
                {{ log("Look: make app shows the map; any SQL client opens " ~ target.path, info=True) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}
