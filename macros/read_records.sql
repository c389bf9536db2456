{#- What reads files and parses JSON, as DuckDB says it; what Spark says instead is in spark.sql. -#}

{#- One row per record of the event files: raw_event (its text; null where it is not JSON), source_file. -#}
{%- macro read_records() -%}{{ return(adapter.dispatch('read_records', 'bootloader')()) }}{%- endmacro -%}

{#- Compressed files come decompressed, whatever their names end in. A line is text, whatever it holds. -#}
{%- macro default__read_records() -%}
    {%- for files in describe_event_files(files_to_read()) %}
    {{ "union all by name" if not loop.first }}
    {%- if files.layout in ('lines', 'csv') %}
    select
        {{ trim_line('line') if files.layout == 'lines' else columns_as_json(files) }} as raw_event,
        {{ path_of_url('records_file') }} as source_file
    from read_csv(
        {{ sql_list(files.urls) }}, auto_detect = false, compression = 'none', filename = 'records_file',
        ignore_errors = true, store_rejects = true, max_line_size = {{ var('max_record_bytes') }},
        buffer_size = {{ files.buffer_size }},
        {%- if files.layout == 'lines' %}
        columns = {'line': 'VARCHAR'}, header = false, strict_mode = false, quote = '', escape = '',
        -- No line that is JSON has these characters.
        delim = e'\x02\x03\x02\x03'
        {%- else %}
        columns = { {%- for column in files.columns %}{{ sql_text(column.name) }}: 'VARCHAR', {% endfor -%} },
        header = true, quote = '"', escape = '"', delim = {{ sql_text(files.delimiter) }}
        {%- endif %}
    )
    where raw_event <> ''
    {%- elif files.layout == 'parquet' %}
    select
        {{ columns_as_json(files) }} as raw_event,
        {{ path_of_url('records_file') }} as source_file
    from read_parquet(
        {{ sql_list(files.urls) }}, hive_partitioning = false, filename = 'records_file',
        binary_as_string = {{ files.binary_as_string }}
    )
    {%- else %}
    select
        {%- if files.layout == 'stream' %}
        unnest(
            case when json_type(json) = 'ARRAY' then cast(json as varchar[]) else [cast(json as varchar)] end
        ) as raw_event,
        {%- else %}
        cast(json as varchar) as raw_event,
        {%- endif %}
        {{ path_of_url('filename') }} as source_file
    from read_json_objects(
        {{ sql_list(files.urls) }}, format = {{ "'array'" if files.layout == 'list' else "'unstructured'" }},
        compression = 'none', filename = true, maximum_object_size = {{ files.maximum_object_size }}
    )
    {%- endif %}
    {%- else %}
    select cast(null as varchar) as raw_event, cast(null as varchar) as source_file
    where false
    {%- endfor %}
{%- endmacro -%}

{#- The columns of a table as a record; what only the name of a folder says comes after them. -#}
{%- macro columns_as_json(files) -%}
    cast(json_object(
        {%- for column in files.columns %}
        {{ sql_text(column.key) }}, {{ adapter.quote(column.name) }}{{ "," if not loop.last or files.folders }}
        {%- endfor %}
        {%- for key, value in files.folders.items() %}
        {{ sql_text(key) }}, {{ sql_text(value) }}{{ "," if not loop.last }}
        {%- endfor %}
    ) as varchar)
{%- endmacro -%}

{#-
    A line without what may stand around a record: white space, the mark of a JSON text sequence, and the comma after an
    element of a list. Most lines have none of it, which is quicker to see than to trim.
-#}
{%- macro trim_line(line) -%}
    case
        when starts_with({{ line }}, '{') and ends_with({{ line }}, '}') then {{ line }}
        else regexp_replace(trim({{ line }}, e' \t\r\n\x0b\f\x1e'), '\},$', '}')
    end
{%- endmacro -%}

{#- The path of a file from what DuckDB was told to read. -#}
{%- macro path_of_url(url) -%}regexp_replace(cast({{ url }} as varchar), '^records://[^/]*/', ''){%- endmacro -%}

{#- For the post-hook of validated_records: lines that are not UTF-8 text, or too long, have no row of their own. -#}
{%- macro insert_unreadable_lines() -%}
    {%- if execute and target.type == 'duckdb'
        and run_query("from duckdb_tables() where temporary and table_name = 'reject_errors'").rows -%}
        insert into {{ this }} by name {{ unreadable_lines() }};
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
        files.source_file,
        files.file_state
    from (
        select scan_id, file_id, csv_line, bool_or(error_type = 'LINE SIZE OVER MAXIMUM') as is_too_long
        from reject_errors
        group by scan_id, file_id, line, csv_line
    ) as errors
    inner join reject_scans as scans using (scan_id, file_id)
    inner join ({{ current_files() }}) as files on {{ path_of_url('scans.file_path') }} = files.source_file
{%- endmacro -%}

{#- The event files that the variable events_path stands for: path and state. -#}
{%- macro find_event_files() -%}
    {{ return(ask_about_files('list_event_files', [invocation_id, var('events_path')])) }}
{%- endmacro -%}

{#- How each of some files is to be read: urls, layout and schema. -#}
{%- macro describe_event_files(files) -%}
    {{ return(ask_about_files('describe_event_files', files)) }}
{%- endmacro -%}

{%- macro ask_about_files(function, files) -%}
    {#- Tests and documentation read tables, not files: those may have been moved since. -#}
    {%- set is_needed = flags.WHICH in ('build', 'run', 'compile', 'show') -%}
    {{ return(ask_python(function, files, is_needed).files or []) }}
{%- endmacro -%}

{#- The fields of an event as text. What is not an object has none; what is not JSON gives null. -#}
{%- macro parse_event(raw_event) -%}{{ return(adapter.dispatch('parse_event', 'bootloader')(raw_event)) }}{%- endmacro -%}

{%- macro default__parse_event(raw_event) -%}try(from_json({{ raw_event }}, {{ sql_text(tojson(event_structure())) }})){%- endmacro -%}

{#- All places where a record may have a field, as keys in keys. -#}
{%- macro event_structure() -%}
    {%- set structure = {} -%}
    {%- for field in event_fields() + ['event_id'] -%}
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

{#- The fields of a location that is told as text of JSON or Python, as a list of one, or by keys such as location.city. -#}
{%- macro parse_other_location(raw_event) -%}{{ return(adapter.dispatch('parse_other_location', 'bootloader')(raw_event)) }}{%- endmacro -%}

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
                    else regexp_replace(replace(trim(flat.location, '[] '), '''', '"'), ': (None|nan)', ': null', 'g')
                end,
                {{ sql_text(tojson(nested)) }}
            ))],
            lambda nested: struct_pack(
                {%- for field in location_fields() %}
                {{ field }} := coalesce(nested.{{ field }}, flat."location.{{ field }}", flat.location_{{ field }}),
                {%- endfor %}
                location_text := nullif(flat.location, '{}')
            )
        )[1]
    )[1]
{%- endmacro -%}

{#- Whether a text begins with another one. -#}
{%- macro begins_with(text, beginning) -%}{{ return(adapter.dispatch('begins_with', 'bootloader')(text, beginning)) }}{%- endmacro -%}

{%- macro default__begins_with(text, beginning) -%}starts_with({{ text }}, {{ sql_text(beginning) }}){%- endmacro -%}

{#- The number that a text tells; null where it tells none. -#}
{%- macro text_as_double(text) -%}{{ return(adapter.dispatch('text_as_double', 'bootloader')(text)) }}{%- endmacro -%}

{%- macro default__text_as_double(text) -%}try_cast({{ text }} as double){%- endmacro -%}

{#- A whole number of 64 bits that is the same for equal values, and hardly ever for others. -#}
{%- macro hash_of(columns) -%}{{ return(adapter.dispatch('hash_of', 'bootloader')(columns)) }}{%- endmacro -%}

{%- macro default__hash_of(columns) -%}hash({{ columns | join(', ') }}){%- endmacro -%}

{#- The state of the file that a record came from, and what joins it. -#}
{%- macro file_state() -%}{{ return(adapter.dispatch('file_state', 'bootloader')()) }}{%- endmacro -%}

{%- macro default__file_state() -%}files.file_state{%- endmacro -%}

{%- macro join_files() -%}{{ return(adapter.dispatch('join_files', 'bootloader')()) }}{%- endmacro -%}

{%- macro default__join_files() -%}inner join ({{ current_files() }}) as files using (source_file){%- endmacro -%}

{#- Whole seconds since 1970 as a timestamp in UTC. -#}
{%- macro epoch_to_timestamp(seconds) -%}{{ return(adapter.dispatch('epoch_to_timestamp', 'bootloader')(seconds)) }}{%- endmacro -%}

{%- macro default__epoch_to_timestamp(seconds) -%}make_timestamp({{ seconds }} * 1000000){%- endmacro -%}

{%- macro sql_text(text) -%}
    {#- In Spark's literals a backslash escapes what comes after it. -#}
    {%- if target.type == 'spark' -%}{%- set text = text | replace('\\', '\\\\') -%}{%- endif -%}
    {{ dbt.string_literal(dbt.escape_single_quotes(text)) }}
{%- endmacro -%}

{%- macro sql_list(texts) -%}[{% for text in texts %}{{ sql_text(text) }}{{ ", " if not loop.last }}{% endfor %}]{%- endmacro -%}
