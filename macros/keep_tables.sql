{#-
    A table is kept as it is where building it again would give the same: its rule, the variables, the macros, the
    package's code and all that it reads are those it was built with. `built_tables` says what that was.
-#}

{#- dbt's own materialization, where there is something to do. -#}
{%- materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
    {%- set made_of = fingerprint_of_inputs() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing and existing.is_table and not flags.FULL_REFRESH and made_of == fingerprint_as_built(model.name) -%}
        {%- call noop_statement('main', 'KEPT') -%}{{ compiled_code }}{%- endcall -%}
        {{ return({'relations': [existing]}) }}
    {%- endif -%}
    {#- Before there is another table: a build that is killed after it must not leave the old fingerprint on it. -#}
    {%- do run_query("delete from built_tables where model = " ~ sql_text(model.name)) -%}
    {%- if model.language == 'sql' -%}
        {%- set built = dbt.materialization_table_duckdb() -%}
    {%- else -%}
        {#- Nothing that a materialization calls may run Python, so the steps stand here. -#}
        {%- set wanted = this.incorporate(type='table') -%}
        {%- set unfinished = make_intermediate_relation(wanted) -%}
        {%- set backup = make_backup_relation(wanted, 'table' if existing is none else existing.type) -%}
        {%- do drop_relation_if_exists(load_cached_relation(unfinished)) -%}
        {%- do drop_relation_if_exists(load_cached_relation(backup)) -%}
        {%- call statement('main', language='python') -%}
            {{ create_table_as(false, unfinished, compiled_code, 'python') }}
        {%- endcall -%}
        {%- if existing -%}{%- do adapter.rename_relation(existing, backup) -%}{%- endif -%}
        {%- do adapter.rename_relation(unfinished, wanted) -%}
        {%- do adapter.commit() -%}
        {%- do drop_relation_if_exists(backup if existing else none) -%}
        {%- set built = {'relations': [wanted]} -%}
    {%- endif -%}
    {%- do run_query("insert into built_tables values (" ~ sql_text(model.name) ~ ", " ~ sql_text(made_of) ~ ")") -%}
    {{ return(built) }}
{%- endmaterialization -%}


{#- A text that changes with everything that the present model is made of. -#}
{%- macro fingerprint_of_inputs() -%}
    {%- set variables = dict(invocation_args_dict.vars) -%}
    {%- do variables.pop('events_path', none) -%}
    {%- set code = run_query(
        "select fingerprint_files(" ~ sql_list(['dbt_project.yml', 'macros/*.sql', 'python/bootloader/*.py', 'requirements/*.lock']) ~ ")"
    ).columns[0].values()[0] -%}
    {%- set known = {} -%}
    {%- for row in run_query(
        "select model, fingerprint from built_tables"
        ~ " union all select model, concat_ws(' ', batch, rules) from included_batches"
    ).rows -%}
        {%- do known.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {#- What is deployed counts, and not what the project says by now: it may not have been built yet. -#}
    {%- set views = {} -%}
    {%- for row in run_query(
        "select view_name, sql from duckdb_views() where database_name = " ~ sql_text(this.database)
        ~ " and schema_name = " ~ sql_text(this.schema)
    ).rows -%}
        {%- do views.update({row[0]: row[1]}) -%}
    {%- endfor -%}
    {%- set inputs = fingerprints_of_inputs(model, known, views) | unique | sort -%}
    {{ return(local_md5(tojson([
        code, variables, model.checksum, model.contract, model.config, flags.EMPTY, inputs
    ], sort_keys=true))) }}
{%- endmacro -%}


{#- What tells whether the inputs of a node have changed: of tables how they were built, of views their SQL and inputs. -#}
{%- macro fingerprints_of_inputs(node, known, views) -%}
    {%- set fingerprints = [] -%}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- set input = graph.nodes.get(unique_id) -%}
        {%- if input and input.name in known -%}
            {%- do fingerprints.append(input.name ~ known[input.name]) -%}
        {%- elif input and input.resource_type == 'seed' -%}
            {%- do fingerprints.append(input.name ~ run_query(
                "select sum(hash(seed)) from " ~ input.relation_name ~ " as seed"
            ).columns[0].values()[0]) -%}
        {%- elif input and (input.name in views or input.config.materialized == 'ephemeral') -%}
            {%- do fingerprints.append(views.get(input.name, input.checksum.checksum)) -%}
            {%- do fingerprints.extend(fingerprints_of_inputs(input, known, views)) -%}
        {%- else -%}
            {#- Nothing is known of it, so nothing can be relied on. -#}
            {%- do fingerprints.append(invocation_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(fingerprints) }}
{%- endmacro -%}


{#- What a table was made of when it was built, or none where that is not known or does not tell enough. -#}
{%- macro fingerprint_as_built(name) -%}
    {%- if config.meta_get('always_built') -%}{{ return(none) }}{%- endif -%}
    {%- set answer = run_query("select fingerprint from built_tables where model = " ~ sql_text(name)) -%}
    {{ return(answer.columns[0].values()[0] if answer.rows else none) }}
{%- endmacro -%}
