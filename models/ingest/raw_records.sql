-- Compressed files come decompressed, whatever their names end in. A line is text, whatever it
-- holds.
-- The linter cannot follow the loop over files.
-- noqa: disable=all
{% if target.type == 'spark' -%}
{{ spark_read_records() }}
{%- else %}
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
{%- endif %}
