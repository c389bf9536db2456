{#-
    The app reads a copy of the tables that its exposure names, swapped in whole: it never waits for a build, never
    blocks one, and never sees half of one.
-#}

{#- At the end of a build: publish it if nothing went wrong and it built all that the app reads. -#}
{%- macro publish_build(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set missing = [] -%}
        {%- for node in served_nodes() if node.unique_id not in built_nodes(results) and not is_up_to_date(node) -%}
            {%- do missing.append(node.name) -%}
        {%- endfor -%}
        {%- set reason = "something went wrong in this one" if not is_good(results)
            else "this one was empty" if flags.EMPTY
            else "it shows builds of the target " ~ var('serving_target') ~ " (variable serving_target)"
                if target.name != var('serving_target')
            else "this one left out " ~ missing | join(", ") ~ " (dbt run-operation publish shows it all the same)"
                if missing -%}
        {{ log("The app keeps showing the last published build: " ~ reason ~ ".", info=True) if reason else publish() }}
    {%- endif -%}
{%- endmacro -%}

{#- A seed that `dbt run` does not load, or a table that was imported from a cluster. -#}
{%- macro is_up_to_date(node) -%}
    {{ return(node.resource_type == 'seed' or (node.config.materialized != 'view' and existing_relation(node.name).is_view)) }}
{%- endmacro -%}

{#- Also a run-operation, for builds in several steps, such as dbt retry: the caller makes sure that all tables are from one build. -#}
{%- macro publish() -%}
    {%- set copy = serving_copy() -%}
    {%- set unfinished = copy ~ '.' ~ invocation_id ~ '.tmp' -%}
    {%- set as_of = as_of_second() -%}
    {#- The storage version is the newest that most DuckDB clients read. -#}
    {%- set statements = [
        "select remove_leftovers(" ~ sql_text(copy) ~ ")",
        "attach " ~ sql_text(unfinished) ~ " as serving_copy (storage_version 'v1.5.0')",
        "create table serving_copy.build as select " ~ sql_text(invocation_id) ~ " as build_id, cast("
            ~ sql_text(run_started_at.isoformat()) ~ " as timestamptz) as built_at, to_timestamp("
            ~ (as_of if as_of is not none else "null") ~ ") as as_of",
    ] -%}
    {%- for node in served_nodes() -%}
        {%- do statements.append(
            copied_function(node) if node.config.materialized == 'table_function'
            else "create table serving_copy." ~ node.alias ~ " as from " ~ node.relation_name
        ) -%}
    {%- endfor -%}
    {%- do adapter.commit() if flags.WHICH == 'run-operation' -%}
    {%- for statement in statements + [
        "detach serving_copy", "select replace_file(" ~ sql_text(unfinished) ~ ", " ~ sql_text(copy) ~ ")"
    ] -%}
        {%- do run_query(statement) -%}
    {%- endfor -%}
{%- endmacro -%}

{#- The models and seeds that the app reads. -#}
{%- macro served_nodes() -%}
    {%- set nodes = [] -%}
    {%- for unique_id in graph.exposures['exposure.bootloader.campaign_map'].depends_on.nodes -%}
        {%- do nodes.append(graph.nodes[unique_id]) -%}
    {%- endfor -%}
    {{ return(nodes) }}
{%- endmacro -%}

{#- The statement that makes a table function in the serving copy, where it reads the tables of the copy. -#}
{%- macro copied_function(node) -%}
    {%- set prefix = '"?' ~ modules.re.escape(node.database) ~ '"?\\."?' ~ modules.re.escape(node.schema) ~ '"?\\.' -%}
    {%- set definition = run_query(
        "select macro_definition from duckdb_functions() where database_name = " ~ sql_text(node.database)
        ~ " and schema_name = " ~ sql_text(node.schema) ~ " and function_name = " ~ sql_text(node.alias)
    ).columns[0].values()[0] -%}
    {{ return("create macro serving_copy." ~ node.alias ~ "(" ~ node.config.parameters | join(", ")
        ~ ") as table (" ~ modules.re.sub(prefix, '', definition) ~ ")") }}
{%- endmacro -%}

{#- The file that the app reads. -#}
{%- macro serving_copy() -%}{{ return(env_var('BOOTLOADER_SERVING', 'serving.duckdb')) }}{%- endmacro -%}

{#- A table of the last published build, to select from; none before the first one. -#}
{%- macro serving_copy_table(name) -%}
    {%- if execute and target.type == 'duckdb' and files_exist(serving_copy()) -%}
        {{ return("read_duckdb(" ~ sql_text(serving_copy()) ~ ", table_name = " ~ sql_text(name) ~ ")") }}
    {%- endif -%}
{%- endmacro -%}

{%- macro files_exist(pattern) -%}{{ return(run_query("from glob(" ~ sql_text(pattern) ~ ")").rows | length > 0) }}{%- endmacro -%}

{#- Whether a build did something, and nothing failed. -#}
{%- macro is_good(results) -%}
    {{ return(results | length > 0 and not results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list) }}
{%- endmacro -%}

{#- The unique ids of the models and seeds that a build made. -#}
{%- macro built_nodes(results) -%}
    {{ return(results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list) }}
{%- endmacro -%}
