{#-
    The hand-over from a cluster to one machine. The marts are the models with the tag `mart`. A
    good build on the cluster ends with the table `marts_manifest`: how many rows each mart has,
    which build made it, and a fingerprint of its rules. `import_marts` compares, and makes views of
    the marts here.
-#}

{%- macro withdraw_manifest() -%}
    {%- set manifest = target.schema ~ ".marts_manifest" -%}
    {%- if var('replace_days') and adapter.get_relation(none, target.schema, 'marts_manifest') -%}
        {%- set rules = run_query("select distinct rules from " ~ manifest).columns['rules'] -%}
        {%- if rules.values() | list != [rules_of_marts()] -%}
            {%- do exceptions.raise_compiler_error(
                "replace_days: the other days were made by other rules or variables. Build all "
                ~ "days, without replace_days."
            ) -%}
        {%- endif -%}
    {%- endif -%}
    drop table if exists {{ manifest }}
{%- endmacro -%}

{%- macro write_manifest(results) -%}
    {%- set marts = mart_models()
        | selectattr('config.materialized', 'in', ['table', 'incremental']) | list -%}
    {%- set left_out = marts | rejectattr('unique_id', 'in', built_nodes(results))
        | map(attribute='name') | join(', ') -%}
    {%- if left_out or not is_good(results) -%}
        {{ log(
            "These marts cannot be imported: this build "
            ~ ("left out " ~ left_out if left_out else "failed") ~ ".", info=True
        ) }}
    {%- else -%}
        {%- set rules = rules_of_marts() -%}
        create table {{ target.schema }}.marts_manifest using parquet as
        {%- for mart in marts %}
        select
            '{{ mart.name }}' as mart, count(*) as row_count,
            '{{ invocation_id }}' as build_id, '{{ rules }}' as rules
        from {{ mart.relation_name }}
        {{- " union all" if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro import_marts(folder) -%}
    {%- set relations = {} -%}
    {%- for node in mart_models() -%}
        {%- set existing = adapter.get_relation(node.database, node.schema, node.alias) -%}
        {%- do relations.update({node.name: {
            'name': node.relation_name,
            'schema': api.Relation.create(node.database, node.schema) | string,
            'is_table': existing is not none and existing.is_table
        }}) -%}
    {%- endfor -%}
    {%- set answer = ask_python('import_marts', {
        'folder': folder, 'rules': rules_of_marts(), 'relations': relations
    }) -%}
    {%- do adapter.commit() -%}
    {%- do run_query("begin; " ~ answer.statements | join("; ") ~ "; commit") -%}
    {{ log(answer.message, info=True) }}
{%- endmacro -%}

{%- macro mart_models() -%}
    {%- set marts = [] -%}
    {%- for node in graph.nodes.values() | selectattr('resource_type', 'equalto', 'model')
        | selectattr('package_name', 'equalto', 'bootloader') if 'mart' in node.tags -%}
        {%- do marts.append(node) -%}
    {%- endfor -%}
    {{ return(marts) }}
{%- endmacro -%}

{%- macro rules_of_marts() -%}
    {{ return(rules_of(
        mart_models() | map(attribute='name') | list + seeds_of_marts(),
        variables_of_records() + variables_of_users()
    )) }}
{%- endmacro -%}

{%- macro seeds_of_marts() -%}
    {{ return(['campaigns', 'excluded_users', 'rejection_reasons', 'value_mappings']) }}
{%- endmacro -%}

{%- macro variables_of_users() -%}
    {{ return([
        'business_time_zone', 'horizon_days', 'max_aliases', 'max_categories', 'unknown_gender',
        'user_aliases',
    ]) }}
{%- endmacro -%}
