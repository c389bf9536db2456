{#-
    Rows of a table, view or model that hold what event files hold, and go the same way.
-#}

{%- macro relation_of(variable) -%}
    {%- set name = var(variable) | string -%}
    {#- A name without a schema is a model, which dbt builds first. -#}
    {{ return(ref(name) if is_model(name) else name) }}
{%- endmacro -%}

{%- macro is_model(name) -%}
    {{ return(modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_]*', name | string) is not none) }}
{%- endmacro -%}

{#- No name of SQL holds a slash or a star, or ends like a file. -#}
{%- macro is_files(name) -%}
    {%- set ending = '[/*]|[.](csv|tsv|txt|json|jsonl|ndjson|parquet|gz|zip|bz2|xz)$' -%}
    {{ return(modules.re.search(ending, name | string) is not none) }}
{%- endmacro -%}

{%- macro check_relation(variable) -%}
    {%- set name = var(variable) -%}
    {%- if name and is_files(name) -%}{%- do find_files(variable) -%}
    {%- elif name and not is_model(name) -%}{%- do run_query("from " ~ name ~ " limit 0") -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro rows_of_relation(variable) -%}
    {#- Its name may be a word of SQL. -#}
    select cast(to_json(relation_row) as {{ dbt.type_string() }}) as raw_event
    from {{ relation_of(variable) }} as relation_row
{%- endmacro -%}

{%- macro relation_records() -%}
    {%- set places = [] -%}
    {%- for keys in keys_of('client_time') -%}
        {%- do places.append(
            "json_extract_string(raw_event, " ~ sql_text('$."' ~ keys | join('"."') ~ '"') ~ ")"
        ) -%}
    {%- endfor -%}
    {%- set time = "coalesce(" ~ places | join(', ') ~ ")" -%}
    {%- set moment = "coalesce(" ~ text_as_double(time) ~ ", " ~ moment_as_epoch(time) ~ ")" -%}
    select
        raw_event,
        coalesce(
            {{ missing_as_null("json_extract_string(raw_event, '$.source_file')") }},
            concat(
                {{ sql_text(var('events_relation')) }},
                '/',
                case
                    when
                        seconds >= {{ as_second(var('earliest_client_time')) }}
                        and seconds < {{ as_second(var('latest_client_time')) }}
                        then strftime(make_timestamp(cast(seconds * 1000000 as bigint)), '%Y-%m-%d')
                    else 'no day'
                end
            )
        ) as source_file
    from (
        select
            raw_event,
            {{ as_seconds('moment') }} as seconds
        from (
            select
                raw_event,
                {{ moment }} as moment
            from ({{ rows_of_relation('events_relation') }}) as rows_of_relation
        ) as with_moment
    ) as with_seconds
{%- endmacro -%}

{#- What takes the place of files is a batch: the rows that name the same source_file. -#}
{%- macro read_batches() -%}
    select
        raw_event,
        source_file
    from ({{ relation_records() }}) as records
    {%- if flags.EMPTY %}
    where false
    {%- elif execute and graph.nodes and not is_read_anew() %}
    where source_file not in (
        select source_file from ({{ files_read(existing_relation('validated_records')) }}) as read
    )
    {%- endif %}
{%- endmacro -%}

{%- macro read_aliases() -%}
    {%- do source('files', 'user_aliases') -%}
    {%- if not var('user_aliases') -%}{{ return('') }}{%- endif -%}
    {%- if is_files(var('user_aliases')) -%}
        {%- set files = find_files('user_aliases') | map(attribute='path') | list -%}
        {{ return(read_files('user_aliases', files)) }}
    {%- endif -%}
    {{ return(rows_of_relation('user_aliases')) }}
{%- endmacro -%}

{%- macro user_of(records, aliases) -%}
    coalesce({{ aliases }}.session_id, {{ records }}.session_id)
{%- endmacro -%}
