{#-
    What a build reads again follows from comparing what is there: each record carries the state of
    its file. Nothing else is remembered, so a failed, killed or partial build needs no repair.
-#}

{%- macro current_files() -%}
    {%- set rules = sql_text(rules_of(models_of_records(), variables_of_records())) -%}
    {#- What the seed says now, whatever is in its file. -#}
    {%- set seed = existing_relation('value_mappings', 'seed') -%}
    {%- set mappings = "(select sum(hash(seed)) from " ~ seed ~ " as seed)" if seed else "null" -%}
    {%- if var('events_relation') -%}
    select
        source_file,
        cast(null as bigint) as file_time,
        concat_ws(' ', count(*), sum(hash(raw_event)), {{ rules }}, {{ mappings }}) as file_state
    from ({{ relation_records() }}) as records
    group by source_file
    {%- else -%}
    select
        file.path as source_file,
        file.modified_at as file_time,
        concat_ws(' ', file.state, {{ rules }}, {{ mappings }}) as file_state
    from (
        select unnest(from_json(
            {{ sql_text(tojson(find_files('events_path'))) }},
            '[{"path": "VARCHAR", "state": "VARCHAR", "modified_at": "BIGINT"}]'
        )) as file
    ) as listed
    {%- endif -%}
{%- endmacro -%}

{%- macro files_read(validated_records) -%}
    select source_file, file_state
    from ({{ current_files() }}) as current_files
    where (source_file, file_state) in (select source_file, file_state from {{ validated_records }})
{%- endmacro -%}

{%- macro is_read_anew() -%}
    {%- set validated_records = existing_relation('validated_records') -%}
    {#- Where the records were imported from a cluster, it is a view. -#}
    {{ return(
        flags.FULL_REFRESH or not validated_records or not validated_records.is_table
    ) }}
{%- endmacro -%}

{%- macro files_to_read() -%}
    {%- set files = find_files('events_path') | map(attribute='path') | list -%}
    {%- if flags.EMPTY -%}{{ return([]) }}{%- endif -%}
    {%- if is_read_anew() -%}{{ return(files) }}{%- endif -%}
    {%- set read = run_query(files_read(existing_relation('validated_records'))) -%}
    {{ return(files | reject('in', read.columns['source_file'].values()) | list) }}
{%- endmacro -%}

{%- macro delete_stale_records() -%}
    {#- A cluster replaces partitions. -#}
    {%- if execute and is_incremental() and target.type == 'duckdb' -%}
        delete from {{ this }}
        {%- if not (flags.EMPTY or flags.FULL_REFRESH) %}
        where (source_file, file_state) not in ({{ files_read(this) }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro existing_relation(name, kind='model') -%}
    {%- if not execute or not graph.nodes -%}{{ return(none) }}{%- endif -%}
    {%- set node = graph.nodes[kind ~ '.bootloader.' ~ name] -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
{%- endmacro -%}

{%- macro models_of_records() -%}
    {{ return(['parsed_records', 'validated_records']) }}
{%- endmacro -%}

{%- macro variables_of_records() -%}
    {{ return([
        'view_event', 'fund_event', 'push_sent_event', 'push_delivered_event', 'impression_event',
        'push_opened_event', 'push_opt_out_event', 'push_opt_in_event', 'event_fields', 'as_of',
        'earliest_client_time', 'latest_client_time', 'max_record_bytes', 'amount_limit',
        'refund_event', 'decimal_mark', 'currency', 'events_relation',
    ]) }}
{%- endmacro -%}

{%- macro rules_of(names, variables) -%}
    {#- Unit tests have no graph. -#}
    {%- if not execute or not graph.nodes -%}{{ return('') }}{%- endif -%}
    {#- Where a command has no such option, it is none. -#}
    {%- set rules = [flags.EMPTY is true] -%}
    {%- for node in graph.nodes.values() | selectattr('package_name', 'equalto', 'bootloader')
        | selectattr('name', 'in', names) -%}
        {%- do rules.append([node.name, node.raw_code or node.checksum.checksum]) -%}
    {%- endfor -%}
    {%- for name, macro in context['bootloader'].items() -%}
        {%- do rules.append([name, macro.macro.macro_sql]) -%}
    {%- endfor -%}
    {%- for name in variables -%}{%- do rules.append([name, var(name) | string]) -%}{%- endfor -%}
    {{ return(local_md5(rules | map('tojson') | sort | join)) }}
{%- endmacro -%}
