{#-
    The app reads a copy of the tables that its exposure names, swapped in whole: it never waits for a build, never
    blocks one, and never sees tables of two states.
-#}

{#- At the start of a build: what it selects, and what reads that, is outdated until it is built. -#}
{%- macro begin_build() -%}
    {%- if flags.WHICH in ('build', 'run', 'seed') and built('outdated_models').is_table -%}
        {%- set outdated = [] -%}
        {%- for node in built_models() -%}
            {%- if ([node.unique_id] + node.depends_on.get('nodes', [])) | select('in', selected_resources) | list -%}
                {%- do outdated.append(node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        insert into {{ built('outdated_models') }}
        select unnest({{ sql_list(outdated) }}) except select unique_id from {{ built('outdated_models') }}
    {%- endif -%}
{%- endmacro -%}


{#- At its end: publish the tables, or say why not. A table that fails a test stays outdated. -#}
{%- macro end_build(results) -%}
    {%- if flags.WHICH in ('build', 'run', 'seed') and execute -%}
        {%- set failed = bad_results(results) | map(attribute='node.depends_on_nodes') | sum(start=[]) -%}
        {%- set models = [] if flags.EMPTY else built_nodes(results) | reject('in', failed) | list -%}
        {%- if built('outdated_models').is_table -%}
            {%- do run_query("delete from " ~ built('outdated_models') ~ " where unique_id in " ~ sql_list(models)) -%}
        {%- endif -%}
        {%- set obstacle = obstacle_to_publishing() if is_good(results) else "something went wrong in this build" -%}
        {{ log("The app keeps showing what was published last: " ~ obstacle ~ ".", info=True) if obstacle else replace_serving_copy() }}
    {%- endif -%}
{%- endmacro -%}


{#- A run-operation, for what was built in several steps. -#}
{%- macro publish() -%}
    {%- set obstacle = obstacle_to_publishing() -%}
    {%- if obstacle -%}{%- do exceptions.raise_compiler_error("Not published: " ~ obstacle ~ ".") -%}{%- endif -%}
    {%- do adapter.commit() -%}
    {%- do replace_serving_copy() -%}
{%- endmacro -%}


{#- Why the tables cannot be published as they are; none where they can. -#}
{%- macro obstacle_to_publishing() -%}
    {%- if target.name != var('serving_target') -%}
        {{ return("it shows the target " ~ var('serving_target') ~ " (variable serving_target), and this is " ~ target.name) }}
    {%- endif -%}
    {%- set needed = [] -%}
    {%- for unique_id in served_nodes() -%}{%- do add_with_parents(unique_id, needed) -%}{%- endfor -%}
    {%- set outdated = run_query(
        "select unique_id from " ~ built('outdated_models') ~ " where unique_id in " ~ sql_list(needed) ~ " order by all"
    ).columns[0].values() if built('outdated_models') else needed -%}
    {%- if outdated -%}
        {%- set names = outdated | map('replace', 'model.bootloader.', '') | map('replace', 'seed.bootloader.', '') -%}
        {{ return("not up to date, and first to be built with dbt build --select: " ~ names | join(' ') | truncate(300)) }}
    {%- endif -%}
{%- endmacro -%}


{#- All that a build makes. -#}
{%- macro built_models() -%}
    {{ return((graph.nodes or {}).values() | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot'])
        | rejectattr('config.materialized', 'equalto', 'ephemeral') | list) }}
{%- endmacro -%}


{#- The models and seeds that the app shows. -#}
{%- macro served_nodes() -%}
    {{ return(graph.exposures['exposure.bootloader.campaign_map'].depends_on.nodes) }}
{%- endmacro -%}


{%- macro add_with_parents(unique_id, unique_ids) -%}
    {%- if unique_id not in unique_ids -%}
        {%- do unique_ids.append(unique_id) -%}
        {%- for parent in graph.nodes[unique_id].depends_on.get('nodes', []) -%}{%- do add_with_parents(parent, unique_ids) -%}{%- endfor -%}
    {%- endif -%}
{%- endmacro -%}


{%- macro replace_serving_copy() -%}
    {%- set unfinished = serving_copy() ~ '.' ~ invocation_id ~ '.tmp' -%}
    {%- set as_of = as_of_second() -%}
    {#- First goes what killed builds left. The version is the newest that the DuckDB of most clients reads. -#}
    {%- set statements = [
        "select remove_leftovers(" ~ sql_text(serving_copy()) ~ ")",
        "attach " ~ sql_text(unfinished) ~ " as serving_copy (storage_version 'v1.5.0')",
        "create table serving_copy.build as select " ~ sql_text(invocation_id) ~ " as build_id, cast("
            ~ sql_text(run_started_at.isoformat()) ~ " as timestamptz) as built_at, to_timestamp("
            ~ (as_of if as_of is not none else "null") ~ ") as as_of",
    ] -%}
    {%- for unique_id in served_nodes() -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- do statements.append(
            copied_function(node) if node.config.materialized == 'table_function'
            else "create table serving_copy." ~ node.alias ~ " as select * from " ~ node.relation_name
        ) -%}
    {%- endfor -%}
    {%- do statements.extend(
        ["detach serving_copy", "select replace_file(" ~ sql_text(unfinished) ~ ", " ~ sql_text(serving_copy()) ~ ")"]
    ) -%}
    {%- for statement in statements -%}{%- do run_query(statement) -%}{%- endfor -%}
{%- endmacro -%}


{#- The statement that makes a table function in the serving copy, where it reads the tables of the copy. -#}
{%- macro copied_function(node) -%}
    {%- set prefix = modules.re.escape(node.database) ~ '"?\\."?' ~ modules.re.escape(node.schema) -%}
    {%- set definition = run_query(
        "select macro_definition from duckdb_functions() where database_name = " ~ sql_text(node.database)
        ~ " and schema_name = " ~ sql_text(node.schema) ~ " and function_name = " ~ sql_text(node.alias)
    ).columns[0].values()[0] -%}
    {{ return("create macro serving_copy." ~ node.alias ~ "(" ~ node.config.parameters | join(", ")
        ~ ") as table (" ~ modules.re.sub('"?' ~ prefix ~ '"?\\.', '', definition) ~ ")") }}
{%- endmacro -%}


{#- The file that the app reads. -#}
{%- macro serving_copy() -%}
    {{ return(env_var('BOOTLOADER_SERVING', 'serving.duckdb')) }}
{%- endmacro -%}


{#- A table of the last published build, as something to select from; none before the first one. -#}
{%- macro serving_copy_table(name) -%}
    {%- if execute and target.type == 'duckdb' and files_exist(serving_copy()) -%}
        {{ return("read_duckdb(" ~ sql_text(serving_copy()) ~ ", table_name = " ~ sql_text(name) ~ ")") }}
    {%- endif -%}
{%- endmacro -%}


{%- macro files_exist(pattern) -%}
    {{ return(run_query("from glob(" ~ sql_text(pattern) ~ ")").rows | length > 0) }}
{%- endmacro -%}


{#- Whether a build did something and nothing of it went wrong. -#}
{%- macro is_good(results) -%}
    {{ return(results | length > 0 and not bad_results(results)) }}
{%- endmacro -%}


{%- macro bad_results(results) -%}
    {{ return(results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list) }}
{%- endmacro -%}


{#- The unique ids of the models and seeds that a build made. -#}
{%- macro built_nodes(results) -%}
    {{ return(results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list) }}
{%- endmacro -%}
