{#-
    The hand-over from a cluster to one machine. A good build on the cluster ends with the table `marts_manifest`: which
    tables there are, how many rows each has, which build made them, and a fingerprint of its rules and variables.
    `import_marts` compares, and makes views of the tables here.
-#}

{#- At the start of a build on a cluster: from now on its tables are not whole. -#}
{%- macro withdraw_manifest() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set manifest = target.schema ~ ".marts_manifest" -%}
        {%- if var('replace_days', false) and adapter.get_relation(none, target.schema, 'marts_manifest') -%}
            {%- set marts = run_query("select mart, rules from " ~ manifest).columns -%}
            {%- if marts['rules'].values() | unique | list != [rules_of_marts(marts['mart'].values() | list)] -%}
                {%- do exceptions.raise_compiler_error(
                    "replace_days: the other days were made by other rules or variables. Build all days, without replace_days."
                ) -%}
            {%- endif -%}
        {%- endif -%}
        drop table if exists {{ manifest }}
    {%- endif -%}
{%- endmacro -%}

{#- At its end: the manifest, where nothing went wrong and no table was left out. -#}
{%- macro write_manifest(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set marts = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
            | selectattr('config.materialized', 'in', ['table', 'incremental']) | list -%}
        {%- set left_out = marts | rejectattr('unique_id', 'in', built_nodes(results)) | map(attribute='name') | join(', ') -%}
        {%- if left_out or not is_good(results) -%}
            {{ log("These marts cannot be imported: this build " ~ ("left out " ~ left_out if left_out else "failed") ~ ".", info=True) }}
        {%- else -%}
            create table {{ target.schema }}.marts_manifest using parquet as
            {%- for mart in marts %}
            select
                '{{ mart.name }}' as mart, count(*) as row_count, '{{ invocation_id }}' as build_id,
                '{{ rules_of_marts(marts | map(attribute='name')) }}' as rules
            from {{ mart.relation_name }}
            {{- " union all" if not loop.last }}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro rules_of_marts(names) -%}{{ return(rules_of(names | sort, ['default__', 'spark__'])) }}{%- endmacro -%}

{#- A run-operation. The folder, an absolute path, has a folder of Parquet files for each table. -#}
{%- macro import_marts(folder) -%}
    {%- set manifest = "read_parquet(" ~ sql_text(folder ~ "/marts_manifest/*.parquet") ~ ")" -%}
    {%- set marts = run_query(
        "select mart, row_count, build_id, rules, coalesce(held, 0) from " ~ manifest ~ " left join (select"
        ~ " parse_path(file_name)[len(parse_path(" ~ sql_text(folder) ~ ")) + 1] as mart, cast(sum(num_rows) as bigint) as held"
        ~ " from parquet_file_metadata(" ~ sql_text(folder ~ "/*/**/*.parquet") ~ ") group by all) using (mart) order by mart"
    ).rows if files_exist(folder ~ "/marts_manifest/*.parquet") else [] -%}
    {%- set names, rules = marts | map(attribute=0) | list, rules_of_marts(marts | map(attribute=0)) -%}
    {%- set faults = [] if marts else ["no build has finished its marts"] -%}
    {%- set statements = [] -%}
    {%- for name, row_count, build_id, made_by, held in marts -%}
        {%- if made_by != rules -%}
            {%- do faults.append("its marts were made by other rules or variables than this project has") -%}
        {%- elif held != row_count -%}
            {%- do faults.append("'" ~ name ~ "' has " ~ held ~ " rows, and had " ~ row_count ~ " when its build ended") -%}
        {%- else -%}
            {%- do statements.extend(import_mart(graph.nodes['model.bootloader.' ~ name], folder, manifest, build_id)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if faults -%}
        {%- do exceptions.raise_compiler_error(
            "'" ~ folder ~ "' cannot be imported: " ~ faults | unique | join(", ")
            ~ ". Run dbt build --target spark to its end, with this project and the same variables, and import again."
        ) -%}
    {%- endif -%}
    {%- do adapter.commit() -%}
    {%- do run_query("begin; " ~ statements | join("; ") ~ "; commit") -%}
    {{ log("Imported " ~ marts | length ~ " tables from " ~ folder ~ ". Next: dbt build --selector after_marts", info=True) }}
{%- endmacro -%}

{#- The statements that make a view of a table's files, which fails as soon as a build on the cluster replaces them. -#}
{%- macro import_mart(node, folder, manifest, build_id) -%}
    {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias) -%}
    {%- set existing = adapter.get_relation(node.database, node.schema, node.alias) -%}
    {%- set files = "read_parquet(" ~ sql_text(folder ~ "/" ~ node.name ~ "/**/*.parquet") ~ ")" -%}
    {%- set columns = [] -%}
    {%- for column in run_query("describe from " ~ files).rows -%}
        {%- set name = adapter.quote(column[0]) -%}
        {#- Spark writes a moment; here it is a timestamp in UTC. -#}
        {%- do columns.append(name ~ (" at time zone 'UTC' as " ~ name if column[1] == 'TIMESTAMP WITH TIME ZONE' else "")) -%}
    {%- endfor -%}
    {{ return((["drop table " ~ relation] if existing.is_table else []) + [
        "create schema if not exists " ~ relation.without_identifier(),
        "create or replace view " ~ relation ~ " as select " ~ columns | join(", ") ~ " from " ~ files
            ~ " where case when (select min(build_id) from " ~ manifest ~ ") = " ~ sql_text(build_id) ~ " then true else error("
            ~ sql_text("A cluster has replaced the marts in " ~ folder ~ " since they were imported: import them again") ~ ") end",
    ]) }}
{%- endmacro -%}
