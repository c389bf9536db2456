{#- The messages of tests that have one per finding, and what was built and where to look. -#}
{%- macro print_summary(results) -%}
    {%- for result in results if execute and result.failures and ' as message' in (result.node.compiled_code or '') -%}
        {{ log("", info=True) }}
        {{ log(result.node.name ~ " found " ~ result.failures ~ (", the first 20 of which are" if result.failures > 20 else "") ~ ":", info=True) }}
        {%- for message in run_query("select message from (" ~ result.node.compiled_code ~ ") as findings order by 1 limit 20").columns[0].values() -%}
            {{ log(message, info=True) }}
        {%- endfor -%}
    {%- endfor -%}
    {%- if execute and flags.WHICH == 'build' and is_good(results) -%}
        {#- What people query: tables with a contract, and seeds. -#}
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
                {%- set app = "make app shows the map; " if project_name == 'bootloader' -%}
                {{ log("Look: " ~ app ~ "any SQL client opens " ~ target.path, info=True) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{#- What a verdict says to who reads the end of a build. -#}
{%- macro verdict_message() -%}
    concat(
        source_file, ': ', rejected_records, ' of ', records, ' records rejected, most with the reason ''', reason,
        ''', such as ', example, '. ', remedy
    )
{%- endmacro -%}
