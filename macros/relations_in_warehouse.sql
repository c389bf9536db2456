{%- macro relations_in_warehouse() -%}
    {%- set listed = run_query("""
        select to_json(list(held)) from (
            select schema_name as schema, table_name as name, 'table' as kind, null as definition
            from duckdb_tables() where database_name = current_database()
            union all
            select schema_name, view_name, 'view', null
            from duckdb_views() where database_name = current_database() and not internal
            union all
            select schema_name, function_name, 'function', macro_definition
            from duckdb_functions()
            where database_name = current_database() and function_type = 'table_macro'
        ) as held
    """) -%}
    {{ return(fromjson(listed.columns[0].values()[0] or '[]')) }}
{%- endmacro -%}
