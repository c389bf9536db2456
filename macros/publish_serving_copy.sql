{#-
    Put a copy of what the app reads in service, whole: the app never waits for a build, never blocks one,
    and never sees half of one, or tables of two. Runs at the end of a build in which nothing went wrong
    and which built everything that the app reads.
-#}
{%- macro publish_serving_copy(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set copy = serving_copy() -%}
        {%- set exposure = graph.exposures['exposure.bootloader.campaign_map'] -%}
        {%- set served = exposure.depends_on.nodes -%}
        {#- `dbt run` leaves the seeds alone: those of the last build are still right. -#}
        {%- set missing = served | reject('in', built_nodes(results))
            | reject('in', graph.nodes.values() | selectattr('resource_type', 'equalto', 'seed')
                | map(attribute='unique_id') | list) | list -%}
        {%- if not is_good(results) -%}
            {{ log("The app keeps showing the last good build: something went wrong in this one.", info=True) }}
        {%- elif target.name != var('serving_target') -%}
            {{ log("The app shows builds of the target '" ~ var('serving_target') ~ "', not of '" ~ target.name ~ "' (variable serving_target).", info=True) }}
        {%- elif flags.EMPTY -%}
            {{ log("The app keeps showing the last good build: this one was empty.", info=True) }}
        {%- elif missing -%}
            {{ log("The app keeps showing the last whole build: this one left out " ~ missing | map('replace', 'model.bootloader.', '') | join(', ') ~ ".", info=True) }}
        {%- else -%}
            {#- What killed builds left behind. -#}
            {%- do run_query("select remove_leftovers(" ~ sql_text(copy) ~ ")") -%}
            {%- set unfinished = copy ~ '.' ~ invocation_id ~ '.tmp' -%}
            {%- do run_query("attach " ~ sql_text(unfinished) ~ " as serving_copy") -%}
            {%- for unique_id in served -%}
                {%- set node = graph.nodes[unique_id] -%}
                {%- do run_query(
                    copied_function(node, results) if node.config.materialized == 'table_function'
                    else "create table serving_copy." ~ node.alias ~ " as select * from " ~ node.relation_name
                ) -%}
            {%- endfor -%}
            {%- set as_of = as_of_second() -%}
            {%- do run_query(
                "create table serving_copy.build as select "
                ~ sql_text(invocation_id) ~ " as build_id, "
                ~ "cast(" ~ sql_text(run_started_at.isoformat()) ~ " as timestamptz) as built_at, "
                ~ "to_timestamp(" ~ (as_of if as_of is not none else "null") ~ ") as as_of"
            ) -%}
            {%- do run_query("detach serving_copy") -%}
            {%- do run_query(
                "select replace_file(" ~ sql_text(unfinished) ~ ", " ~ sql_text(copy) ~ ")"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- The file that the app reads. -#}
{%- macro serving_copy() -%}
    {{ return(env_var('BOOTLOADER_SERVING', 'serving.duckdb')) }}
{%- endmacro -%}


{#- A table of the last published build, as something to select from; none before the first one. -#}
{%- macro serving_copy_table(name) -%}
    {%- set file = sql_text(serving_copy()) -%}
    {%- if execute and target.type == 'duckdb' and run_query("from glob(" ~ file ~ ")").rows -%}
        {{ return("read_duckdb(" ~ file ~ ", table_name = " ~ sql_text(name) ~ ")") }}
    {%- endif -%}
{%- endmacro -%}


{#- The statement that makes a table function anew in the serving copy, where it reads the tables beside it. -#}
{%- macro copied_function(node, results) -%}
    {%- set compiled = (results | selectattr('node.unique_id', 'equalto', node.unique_id) | first).node -%}
    {%- set beside = '"' ~ node.database ~ '"."' ~ node.schema ~ '".' -%}
    {{ return("create macro serving_copy." ~ node.alias ~ "(" ~ node.config.parameters | join(", ")
        ~ ") as table (" ~ compiled.compiled_code | replace(beside, "") ~ ")") }}
{%- endmacro -%}


{#- Whether a build did something and nothing of it went wrong. -#}
{%- macro is_good(results) -%}
    {%- set bad = results
        | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list -%}
    {{ return(results | length > 0 and bad | length == 0) }}
{%- endmacro -%}


{#- The unique ids of the models and seeds that a build made. -#}
{%- macro built_nodes(results) -%}
    {{ return(results | selectattr('status', 'equalto', 'success')
        | map(attribute='node') | map(attribute='unique_id') | list) }}
{%- endmacro -%}
