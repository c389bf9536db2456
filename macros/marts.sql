{#-
    On a cluster, the same models are made up to what the Python models read. A build on one machine then takes those
    tables over, as Parquet, where the variable `marts_at` names their folder: on shared storage, or where
    `python -m bootloader.fetch_marts` brought them.
-#}

{#- How a model is kept: as it says on one machine, as a table on a cluster, or not made at all but taken over. -#}
{%- macro made_as(materialized) -%}
    {%- if var('marts_at', none) -%}{{ return('taken_over') }}{%- endif -%}
    {{ return(adapter.dispatch('made_as', 'bootloader')(materialized)) }}
{%- endmacro -%}


{%- macro default__made_as(materialized) -%}
    {{ return(materialized) }}
{%- endmacro -%}


{#- A view of the files of a table, in the types of this engine; its SQL is not run, its contract and tests hold. -#}
{%- materialization taken_over, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
    {%- call statement('main') -%}
        {{ create_view_as(relation, select_mart(this.name)) }}
    {%- endcall -%}
    {%- do persist_docs(relation, model) -%}
    {#- What is made of it is kept until the marts are made anew. -#}
    {%- do run_query("delete from built_tables where model = " ~ sql_text(model.name)) -%}
    {%- do run_query(
        "insert into built_tables values (" ~ sql_text(model.name) ~ ", " ~ sql_text(taken_over_from()) ~ ")"
    ) -%}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization -%}


{#- Which build of the cluster the marts are of at this moment; none where one is making them anew. -#}
{%- macro taken_over_from() -%}
    {%- set files = sql_text(var('marts_at') ~ "/whole_marts/*.parquet") -%}
    {%- if not run_query("select count(*) from glob(" ~ files ~ ")").columns[0].values()[0] -%}
        {{ return("taken over from none") }}
    {%- endif -%}
    {{ return("taken over from " ~ run_query(
        "select any_value(build_id) from read_parquet(" ~ files ~ ")").columns[0].values()[0]) }}
{%- endmacro -%}


{#- Whether the cluster has left the marts alone while this build read them. -#}
{%- macro marts_stayed_whole() -%}
    {{ return(run_query(
        "select count(*) from built_tables where starts_with(fingerprint, 'taken over') and fingerprint <> "
        ~ sql_text(taken_over_from())
    ).columns[0].values()[0] == 0) }}
{%- endmacro -%}


{%- macro select_mart(name) -%}
    {%- set files = "read_parquet(" ~ sql_text(var('marts_at') ~ "/" ~ name ~ "/**/*.parquet") ~ ")" -%}
    {#- Spark writes a timestamp as a moment; here it is the same moment in UTC. -#}
    {%- set casts = [] -%}
    {%- for column in run_query("describe select * from " ~ files).rows if column[1] == 'TIMESTAMP WITH TIME ZONE' -%}
        {%- do casts.append(adapter.quote(column[0]) ~ " at time zone 'UTC' as " ~ adapter.quote(column[0])) -%}
    {%- endfor -%}
    {{ return("select *" ~ (" replace (" ~ casts | join(", ") ~ ")" if casts else "") ~ " from " ~ files) }}
{%- endmacro -%}


{#- The tables that are handed over: what is made of events, up to what the Python models read. -#}
{%- macro marts() -%}
    {%- set kept = ['table', 'incremental', 'taken_over'] -%}
    {{ return(graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('config.materialized', 'in', kept)
        | rejectattr('fqn.1', 'equalto', 'ml') | map(attribute='unique_id') | sort | list) }}
{%- endmacro -%}


{%- macro rules_of_marts() -%}
    {{ return(rules_by(variables_of_events() + ['horizon_days', 'most_training_rows'])) }}
{%- endmacro -%}


{#- What events, users and actions depend on; the features depend on more. -#}
{%- macro variables_of_events() -%}
    {{ return([
        'as_of', 'unknown_gender', 'view_event', 'fund_event', 'earliest_client_time', 'latest_client_time', 'amount_limit',
    ]) }}
{%- endmacro -%}


{#-
    A text that changes with every rule that the tables are made by: the SQL of models and macros, and some variables.
    It is what dbt parsed when it began, and not what the files may say by now.
-#}
{%- macro rules_by(variables) -%}
    {%- set parts = [] -%}
    {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | rejectattr('fqn.1', 'equalto', 'ml') | sort(attribute='unique_id') -%}
        {%- do parts.append(node.checksum.checksum) -%}
    {%- endfor -%}
    {%- for name, macro in context['bootloader'].items() | sort(attribute=0) -%}
        {%- do parts.append(macro.macro.macro_sql) -%}
    {%- endfor -%}
    {%- for name in variables -%}
        {%- do parts.append(var(name) | string) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join('\n'))) }}
{%- endmacro -%}


{#- Before anything is made on a cluster: what is there is no longer whole. -#}
{%- macro withdraw_marts() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set whole = adapter.get_relation(none, target.schema, 'whole_marts') -%}
        {%- if var('replace_days', false) -%}
            {%- set rules = run_query("select max(rules) from " ~ whole).columns[0].values()[0] if whole else none -%}
            {%- if rules != rules_of_marts() -%}
                {%- do exceptions.raise_compiler_error(
                    "replace_days: the other days were " ~ ("made by other rules or variables" if whole
                    else "never made, or not to their end") ~ ". Leave replace_days out, and let events_path name all files."
                ) -%}
            {%- endif -%}
        {%- endif -%}
        {%- do say_who_builds(invocation_id) -%}
        {%- if not is_said_to_build() -%}
            {%- do exceptions.raise_compiler_error(
                "The catalog of the cluster does not keep properties of the schema '" ~ target.schema ~ "', by which two"
                ~ " builds at once are told. Use a schema in one that does, such as Hive's."
            ) -%}
        {%- endif -%}
        {%- do run_query("drop table if exists " ~ target.schema ~ ".whole_marts") -%}
    {%- endif -%}
{%- endmacro -%}


{#- Which build is at work is a property of the schema: that is set in one step, and stays if a build is killed. -#}
{%- macro say_who_builds(build_id) -%}
    {%- do run_query(
        "alter schema " ~ target.schema ~ " set dbproperties ('bootloader.build_id' = " ~ sql_text(build_id) ~ ")"
    ) -%}
{%- endmacro -%}


{%- macro is_said_to_build() -%}
    {%- set said = run_query("describe schema extended " ~ target.schema).rows | map(attribute=1) | join(" ") -%}
    {{ return(invocation_id in said) }}
{%- endmacro -%}


{#- For the pre-hook of every model: on a cluster, nothing is written where another build began in the same schema. -#}
{%- macro check_builds_alone() -%}
    {%- if execute and target.type == 'spark' and flags.WHICH in ('build', 'run') -%}
        {%- if not is_said_to_build() -%}
            {#- The last table of this build may have come in the place of one of the other's, which is to know. -#}
            {%- do say_who_builds("two at once") -%}
            {%- do run_query("drop table if exists " ~ target.schema ~ ".whole_marts") -%}
            {%- do exceptions.raise_compiler_error(
                "Another build wrote into the schema '" ~ target.schema ~ "' while this one ran, so that its tables are of"
                ~ " two builds and are not handed over. Run one build at a time in a schema, and run this one again."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- After a build on a cluster in which nothing went wrong and nothing was left out: how many rows each table has. -#}
{%- macro hand_over_marts(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set left_out = marts() | reject('in', built_nodes(results)) | list -%}
        {%- if not is_good(results) or left_out -%}
            {{ log("The marts are not handed over: " ~ (
                "this build left out " ~ left_out | map('replace', 'model.bootloader.', '') | join(', ')
                if left_out else "something went wrong in this build"
            ) ~ ".", info=True) }}
        {%- else -%}
            {%- set counts = [] -%}
            {%- for unique_id in marts() -%}
                {%- set node = graph.nodes[unique_id] -%}
                {%- do counts.append(
                    "select " ~ sql_text(node.alias) ~ " as mart, count(*) as row_count, "
                    ~ sql_text(rules_of_marts()) ~ " as rules, " ~ sql_text(invocation_id) ~ " as build_id"
                    ~ " from " ~ node.relation_name
                ) -%}
            {%- endfor -%}
            {%- do run_query(
                "create table " ~ target.schema ~ ".whole_marts using parquet as " ~ counts | join(" union all ")
            ) -%}
            {#- Afterwards: a build that begins from now on takes whole_marts away itself. -#}
            {%- do check_builds_alone() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- Before anything is taken over: stop where a table is missing, is not whole, or was made by other rules. -#}
{%- macro check_marts() -%}
    {%- set folder = var('marts_at') -%}
    {%- set remedy = "Run dbt build --target spark to its end, with the same variables, and then this build again." -%}
    {%- set found = run_query("select count(*) from glob(" ~ sql_text(folder ~ "/whole_marts/*.parquet") ~ ")") -%}
    {%- if not found.columns[0].values()[0] -%}
        {%- do exceptions.raise_compiler_error(
            "marts_at: '" ~ folder ~ "' holds no marts, or marts that no build finished. " ~ remedy
        ) -%}
    {%- endif -%}
    {%- set whole = {} -%}
    {%- for row in run_query(
        "select mart, row_count, rules from read_parquet(" ~ sql_text(folder ~ "/whole_marts/*.parquet") ~ ")"
    ).rows -%}
        {%- if row[2] != rules_of_marts() -%}
            {%- do exceptions.raise_compiler_error(
                "marts_at: the marts in '" ~ folder ~ "' were made by other rules or variables than this build's. " ~ remedy
            ) -%}
        {%- endif -%}
        {%- do whole.update({row[0]: row[1] | int}) -%}
    {%- endfor -%}
    {%- for unique_id in marts() -%}
        {%- set name = graph.nodes[unique_id].alias -%}
        {%- set files = folder ~ "/" ~ name ~ "/**/*.parquet" -%}
        {%- set found = run_query("select count(*) from glob(" ~ sql_text(files) ~ ")").columns[0].values()[0] -%}
        {%- set rows = run_query("select count(*) from read_parquet(" ~ sql_text(files) ~ ")").columns[0].values()[0]
            if found else none -%}
        {%- if rows != whole.get(name) -%}
            {%- do exceptions.raise_compiler_error(
                "marts_at: '" ~ folder ~ "/" ~ name ~ "' has " ~ (rows if rows is not none else "no")
                ~ " rows, and " ~ (whole[name] if name in whole else "none") ~ " when it was finished. " ~ remedy
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro -%}
