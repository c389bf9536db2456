{#-
    A table is kept as it is where building it again would give the same: its compiled rule, its settings, the package's
    code and all that it reads are those it was built with. `built_tables` says what that was.
-#}

{#- dbt's own materialization, where there is something to do. -#}
{%- materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
    {%- set built = what_was_built() -%}
    {%- set made_of = fingerprint_of_inputs(built) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing and existing.is_table and not flags.FULL_REFRESH and not config.meta_get('always_built')
        and made_of == (built.tables.get(model.name) or '').split(' ')[0] -%}
        {%- call noop_statement('main', 'KEPT') -%}{{ compiled_code }}{%- endcall -%}
        {{ return({'relations': [existing]}) }}
    {%- endif -%}
    {#- Before there is another table: a build that is killed after it must not leave the old fingerprint on it. -#}
    {%- do run_query("delete from built_tables where model = " ~ sql_text(model.name)) -%}
    {%- if model.language == 'sql' -%}
        {%- set made = dbt.materialization_table_duckdb() -%}
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
        {%- set made = {'relations': [wanted]} -%}
    {%- endif -%}
    {#- Training may give something else of the same, such as on another device: what is made of it must then be anew. -#}
    {%- if model.language == 'python' -%}{%- set made_of = made_of ~ ' ' ~ invocation_id -%}{%- endif -%}
    {%- do run_query("insert into built_tables values (" ~ sql_text(model.name) ~ ", " ~ sql_text(made_of) ~ ")") -%}
    {{ return(made) }}
{%- endmaterialization -%}


{#- The code that this build runs, and the fingerprints of tables and the SQL of views as they were built, by name. -#}
{%- macro what_was_built() -%}
    {#- What is deployed counts, and not what the project says by now: it may not have been built yet. -#}
    {%- set rows = run_query(
        "select 'code' as kind, 'package' as name, running_code() as description"
        ~ " union all select 'tables', model, fingerprint from built_tables"
        ~ " union all select 'tables', model, concat_ws(' ', batch, rules) from included_batches"
        ~ " union all select 'views', view_name, sql from duckdb_views() where database_name = " ~ sql_text(this.database)
        ~ " and schema_name = " ~ sql_text(this.schema)
    ).rows -%}
    {%- set built = {'code': {}, 'tables': {}, 'views': {}} -%}
    {%- for kind, name, description in rows -%}{%- do built[kind].update({name: description}) -%}{%- endfor -%}
    {{ return(built) }}
{%- endmacro -%}


{#- A text that changes with everything that the present model is made of. In its SQL, variables and macros are resolved. -#}
{%- macro fingerprint_of_inputs(built) -%}
    {%- set inputs = fingerprints_of_inputs(model, built) | unique | sort -%}
    {{ return(local_md5(tojson([
        built.code, model.compiled_code, model.contract, model.config, flags.EMPTY, inputs
    ], sort_keys=true))) }}
{%- endmacro -%}


{#- What tells whether the inputs of a node have changed: of tables how they were built, of views their SQL and inputs. -#}
{%- macro fingerprints_of_inputs(node, built) -%}
    {%- set fingerprints = [] -%}
    {%- for unique_id in node.depends_on.nodes -%}
        {%- set input = graph.nodes.get(unique_id) -%}
        {%- if input and input.name in built.tables -%}
            {%- do fingerprints.append(input.name ~ built.tables[input.name]) -%}
        {%- elif input and input.resource_type == 'seed' -%}
            {%- do fingerprints.append(input.name ~ run_query(
                "select sum(hash(seed)) from " ~ input.relation_name ~ " as seed"
            ).columns[0].values()[0]) -%}
        {%- elif input and (input.name in built.views or input.config.materialized == 'ephemeral') -%}
            {%- do fingerprints.append(built.views.get(input.name, input.checksum.checksum)) -%}
            {%- do fingerprints.extend(fingerprints_of_inputs(input, built)) -%}
        {%- else -%}
            {#- Nothing is known of it, so nothing can be relied on. -#}
            {%- do fingerprints.append(invocation_id) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(fingerprints) }}
{%- endmacro -%}
