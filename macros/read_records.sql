{#-
    What reads files and parses JSON, as DuckDB says it; what Spark says instead is in spark.sql.
-#}

{%- macro read_records() -%}
    {%- if var('events_relation') -%}{{ return(read_batches()) }}{%- endif -%}
    {#- So that dbt's lineage begins where the records come from. -#}
    {%- do source('files', 'event_files') -%}
    {{ return(adapter.dispatch('read_records', 'bootloader')()) }}
{%- endmacro -%}
{%- macro default__read_records() -%}
    {{ return(read_files('events_path', files_to_read())) }}
{%- endmacro -%}

{%- macro read_files(variable, files) -%}
    {%- set question = {
        'variable': variable, 'files': files, 'max_record_bytes': var('max_record_bytes'),
    } -%}
    {%- set nothing -%}
        select cast(null as varchar) as raw_event, cast(null as varchar) as source_file where false
    {%- endset -%}
    {{ return(ask_about_files('read_event_files', question).statement or nothing) }}
{%- endmacro -%}

{%- macro read_ledgers() -%}
    {%- do source('files', 'ledgers') -%}
    {%- set files = find_files('assignments_path') | map(attribute='path') | list -%}
    {{ return(read_files('assignments_path', files)) }}
{%- endmacro -%}

{%- macro insert_unreadable_lines(join='') -%}
    {%- set rejects = "from duckdb_tables() where temporary and table_name = 'reject_errors'" -%}
    {%- if execute and target.type == 'duckdb' and run_query(rejects).rows -%}
        insert into {{ this }} by name select * from ({{ unreadable_lines() }}) {{ join }};
        drop table reject_errors;
        drop table reject_scans
    {%- endif -%}
{%- endmacro -%}

{%- macro unreadable_lines() -%}
    select
        case
            when errors.is_too_long then 'record too long'
            when scans.quote = '(empty)' then 'malformed JSON'
            else 'malformed CSV'
        end as validation_error,
        errors.csv_line as raw_event,
        regexp_replace(scans.file_path, '^records://[^/]*/', '') as source_file
    from (
        select
            scan_id,
            file_id,
            csv_line,
            bool_or(error_type = 'LINE SIZE OVER MAXIMUM') as is_too_long
        from reject_errors
        group by scan_id, file_id, line, csv_line
    ) as errors
    inner join reject_scans as scans using (scan_id, file_id)
{%- endmacro -%}

{%- macro find_files(variable) -%}
    {%- if not var(variable) -%}{{ return([]) }}{%- endif -%}
    {%- set question = [invocation_id, variable, var(variable)] -%}
    {{ return(ask_about_files('list_event_files', question).files or []) }}
{%- endmacro -%}

{%- macro ask_about_files(function, question) -%}
    {#- Tests and documentation read tables, not files: those may have been moved since. -#}
    {%- set is_needed = flags.WHICH in ('build', 'run', 'compile', 'show') -%}
    {{ return(ask_python(function, question, is_needed)) }}
{%- endmacro -%}

{%- macro parse_event(raw_event) -%}
    {{ return(adapter.dispatch('parse_event', 'bootloader')(raw_event)) }}
{%- endmacro -%}
{%- macro default__parse_event(raw_event) -%}
    {%- set structure = event_structure() -%}
    {%- set plain = {} -%}
    {%- for key, inner in structure.items() -%}
        {%- do plain.update({key: 'VARCHAR' if key in keys_with_paths() else inner}) -%}
    {%- endfor -%}
    {%- set record = "try(from_json(" ~ raw_event ~ ", " ~ sql_text(tojson(plain)) ~ "))" -%}
    {%- if plain == structure -%}{{ return(record) }}{%- endif -%}
    list_transform(
        [{{ record }}],
        lambda record: case
            when record is not null then {{ struct_of('record', structure, keys_with_paths()) }}
        end
    )[1]
{%- endmacro -%}

{#- The keys that a path of event_fields begins with: below them may be an object, or its text. -#}
{%- macro keys_with_paths() -%}
    {%- set keys = [] -%}
    {%- for field in event_fields() + other_fields() -%}
        {%- for name in names_given(field) if '.' in name -%}
            {%- do keys.append(name.split('.') | first) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro -%}

{%- macro struct_of(record, structure, texts) -%}
    struct_pack(
        {%- for key, inner in structure.items() %}
        {%- set value = record ~ '.' ~ adapter.quote(key) %}
        {{ adapter.quote(key) }} := {% if inner is not mapping or key not in texts -%} {{ value }}
        {%- else -%}
        {%- set plain = {} -%}
        {%- for name in inner -%}{%- do plain.update({name: 'VARCHAR'}) -%}{%- endfor -%}
        list_transform(
            [try(from_json({{ value }}, {{ sql_text(tojson(plain)) }}))],
            lambda {{ record }}_{{ loop.index }}:
                {{ struct_of(record ~ '_' ~ loop.index, inner, inner) }}
        )[1]
        {%- endif -%}
        {{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro -%}

{%- macro event_structure() -%}
    {%- set structure = {} -%}
    {%- for field in event_fields() + other_fields() -%}
        {%- for keys in keys_of(field) -%}
            {%- set inner = namespace(most=structure) -%}
            {%- for key in keys[:-1] -%}
                {%- do inner.most.setdefault(key, {}) -%}
                {%- set inner.most = inner.most[key] -%}
            {%- endfor -%}
            {%- do inner.most.setdefault(keys[-1], 'VARCHAR') -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(structure) }}
{%- endmacro -%}

{%- macro parse_other_location(raw_event) -%}
    {{ return(adapter.dispatch('parse_other_location', 'bootloader')(raw_event)) }}
{%- endmacro -%}
{%- macro default__parse_other_location(raw_event) -%}
    {%- set flat = {'location': 'VARCHAR'} -%}
    {%- set nested = {} -%}
    {%- for field in location_fields() -%}
        {%- do flat.update({'location.' ~ field: 'VARCHAR', 'location_' ~ field: 'VARCHAR'}) -%}
        {%- do nested.update({field: 'VARCHAR'}) -%}
    {%- endfor -%}
    list_transform(
        [try(from_json({{ raw_event }}, {{ sql_text(tojson(flat)) }}))],
        lambda flat: list_transform(
            [try(from_json(
                case
                    when trim(flat.location, '[] ') not like '{''%' then trim(flat.location, '[] ')
                    else regexp_replace(
                        replace(trim(flat.location, '[] '), '''', '"'),
                        ': (None|nan)', ': null', 'g'
                    )
                end,
                {{ sql_text(tojson(nested)) }}
            ))],
            lambda nested: struct_pack(
                {%- for field in location_fields() %}
                {{ field }} := coalesce(
                    nested.{{ field }}, flat."location.{{ field }}", flat.location_{{ field }}
                ),
                {%- endfor %}
                location_text := nullif(flat.location, '{}')
            )
        )[1]
    )[1]
{%- endmacro -%}

{%- macro begins_with(text, beginning) -%}
    {{ sql_function('starts_with') }}({{ text }}, {{ sql_text(beginning) }})
{%- endmacro -%}

{%- macro text_as_double(text) -%}
    {{ return(adapter.dispatch('text_as_double', 'bootloader')(text)) }}
{%- endmacro -%}
{%- macro default__text_as_double(text) -%}try_cast({{ text }} as double){%- endmacro -%}

{%- macro amount_as_double(text) -%}
    {%- if var('decimal_mark') == '.' -%}{{ return(text_as_double(text)) }}{%- endif -%}
    {#- Points, spaces or apostrophes between thousands, and a currency around the number. -#}
    {%- set kept = "translate(" ~ text ~ ", '0123456789,-', '')" -%}
    case
        when
            {{ sql_function('regexp_matches') }}(
                {{ text }},
                {{ sql_text(
                    '^[^0-9,.-]*-?([0-9]+|[0-9]{1,3}'
                    ~ '([. \\x{a0}\\x{202f}\\x{2019}\\x{27}][0-9]{3})+)(,[0-9]+)?[^0-9,.-]*$'
                ) }}
            )
            then {{ text_as_double(
                "replace(translate(" ~ text ~ ", " ~ kept ~ ", ''), ',', '.')"
            ) }}
    end
{%- endmacro -%}

{%- macro hash_of(columns) -%}{{ sql_function('hash') }}({{ columns | join(', ') }}){%- endmacro -%}

{%- macro file_columns() -%}
    {{ return(adapter.dispatch('file_columns', 'bootloader')()) }}
{%- endmacro -%}
{%- macro default__file_columns() -%}files.file_state, files.file_time{%- endmacro -%}

{%- macro join_files() -%}
    {{ return(adapter.dispatch('join_files', 'bootloader')()) }}
{%- endmacro -%}
{%- macro default__join_files() -%}
    inner join ({{ current_files() }}) as files using (source_file)
{%- endmacro -%}

{%- macro epoch_to_timestamp(seconds) -%}
    {{ return(adapter.dispatch('epoch_to_timestamp', 'bootloader')(seconds)) }}
{%- endmacro -%}
{%- macro default__epoch_to_timestamp(seconds) -%}
    make_timestamp({{ seconds }} * 1000000)
{%- endmacro -%}

{%- macro sql_function(name) -%}
    {{ return(adapter.dispatch('sql_function', 'bootloader')(name)) }}
{%- endmacro -%}
{%- macro default__sql_function(name) -%}{{ return(name) }}{%- endmacro -%}

{%- macro sql_text(text) -%}
    {#- In Spark's literals a backslash escapes what comes after it. -#}
    {%- if target.type == 'spark' -%}{%- set text = text | replace('\\', '\\\\') -%}{%- endif -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(text)) }}
{%- endmacro -%}

{%- macro sql_list(texts) -%}
    [{% for text in texts %}{{ sql_text(text) }}{{ ", " if not loop.last }}{% endfor %}]
{%- endmacro -%}
