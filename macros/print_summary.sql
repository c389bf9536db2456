{%- macro print_summary(results) -%}
    {%- for result in results | selectattr('failures')
        if execute and result.node.original_file_path.startswith('tests')
            and 'message' in (result.node.compiled_code or '') -%}
        {%- set some = ", the first 20 of which are" if result.failures > 20 else "" -%}
        {{ log("", info=True) }}
        {{ log(result.node.name ~ " found " ~ result.failures ~ some ~ ":", info=True) }}
        {%- for message in run_query(
            "select message from (" ~ result.node.compiled_code
            ~ ") as findings order by message limit 20"
        ).columns['message'].values() -%}
            {{ log(message, info=True) }}
        {%- endfor -%}
    {%- endfor -%}
    {%- if execute and flags.WHICH == 'build' and is_good(results) -%}
        {#- What people query: tables with a contract, and seeds. -#}
        {%- set nodes = results | selectattr('status', 'equalto', 'success')
            | map(attribute='node') | list -%}
        {%- set built = nodes | selectattr('resource_type', 'equalto', 'seed') | list
            + nodes | selectattr('config.contract.enforced') | list -%}
        {%- if built -%}
            {{ log("", info=True) }}
            {{ log("%-24s %12s" | format("table", "rows"), info=True) }}
            {%- for node in built -%}
                {%- set count = "select count(*) as row_count from " ~ node.relation_name -%}
                {%- set row_count = run_query(count).columns['row_count'].values() | first -%}
                {{ log("%-24s %12s" | format(node.alias, "{:,}".format(row_count)), info=True) }}
            {%- endfor -%}
            {{ log("", info=True) }}
            {%- if target.type == 'duckdb' %}
                {%- set app = "run make app, or " if project_name == 'bootloader' -%}
                {{ log("Next: " ~ app ~ "open " ~ target.path ~ " in a SQL client", info=True) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro verdict_message() -%}
    concat(
        source_file, ': ', rejected_records, ' of ', records,
        ' records rejected, most with the reason ''', reason, ''', such as ', example, '. ', remedy
    )
{%- endmacro -%}
