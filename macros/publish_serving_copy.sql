{#-
    Put a copy of what the app reads in service, whole: the app never waits for a build, never blocks one,
    and never sees half of one. Runs at the end of a build or run in which nothing went wrong.
-#}
{%- macro publish_serving_copy(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set copy = env_var('BOOTLOADER_SERVING', 'serving.duckdb') -%}
        {%- set is_good = results and results
            | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list | length == 0 -%}
        {%- set served = served_relations() -%}
        {%- do run_query("select remove_leftovers(" ~ sql_text(copy) ~ ")") -%}
        {%- if not is_good -%}
            {{ log("The app keeps showing the last good build: this one did not succeed.", info=True) }}
        {%- elif served -%}
            {%- set unfinished = copy ~ '.' ~ invocation_id ~ '.tmp' -%}
            {%- do run_query("attach " ~ sql_text(unfinished) ~ " as serving_copy") -%}
            {%- for relation in served -%}
                {%- do run_query(
                    "create table serving_copy." ~ relation.identifier ~ " as select * from " ~ relation
                ) -%}
            {%- endfor -%}
            {%- do run_query(
                "create table serving_copy.build as select "
                ~ sql_text(invocation_id) ~ " as build_id, "
                ~ "cast(" ~ sql_text(run_started_at.isoformat()) ~ " as timestamptz) as built_at, "
                ~ "to_timestamp(" ~ (as_of_second() if as_of_second() is not none else "null")
                ~ ") as as_of"
            ) -%}
            {%- do run_query("detach serving_copy") -%}
            {%- do run_query(
                "select replace_file(" ~ sql_text(unfinished) ~ ", " ~ sql_text(copy) ~ ")"
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- The tables that the app reads, as the exposure lists them; none where one was never built. -#}
{%- macro served_relations() -%}
    {%- set relations = [] -%}
    {%- set missing = [] -%}
    {%- for unique_id in graph.exposures['exposure.bootloader.campaign_map'].depends_on.nodes -%}
        {%- set node = graph.nodes[unique_id] -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- do (relations if relation else missing).append(relation) -%}
    {%- endfor -%}
    {{ return([] if missing else relations) }}
{%- endmacro -%}
