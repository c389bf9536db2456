{#-
    All that Spark says differently from DuckDB. What dispatches stands where its name is used, with
    what DuckDB says; here stands what Spark says instead, so that a record is validated the same by
    both.
-#}

{#- The day in the path of a file, such as events/2014-03-05/part.json; empty where it has none. -#}
{%- macro spark__file_columns() -%}
    {%- set day = "regexp_extract(source_file, r'([0-9]{4}-[0-9]{2}-[0-9]{2})', 1)" -%}
    {%- if var('replace_days') -%}
        {#-
            Without a day, what is read would take the place of all that was ever read without one.
        -#}
        coalesce(
            nullif({{ day }}, ''),
            raise_error(concat('replace_days: the path names no day: ', source_file))
        ) as file_state,
    {%- else -%}
        {{ day }} as file_state,
    {%- endif %}
    cast(null as bigint) as file_time
{%- endmacro -%}

{%- macro spark__join_files() -%}{%- endmacro -%}

{#- Functions that have another name in Spark. -#}
{%- macro spark__sql_function(name) -%}
    {{ return({
        'hash': 'xxhash64', 'json_extract_string': 'get_json_object', 'starts_with': 'startswith',
        'regexp_matches': 'regexp_like', 'struct_pack': 'struct', 'trim': 'btrim',
    }[name]) }}
{%- endmacro -%}

{%- macro spark_trim_line(line) -%}
    regexp_replace(btrim({{ line }}, ' \t\n\r\u000b\u000c\u001e'), r'\},$', '}')
{%- endmacro -%}

{#-
    One row per line of text that is not blank. Spark splits files into tasks only at the ends of
    lines.
-#}
{%- macro spark__read_records() -%}
    {%- set paths = var('events_path') -%}
    {%- set selects = [] -%}
    {%- for path in ([paths] if paths is string else paths) -%}
        {%- do selects.append(
            "select value, " ~ spark_trim_line('value') ~ " as line, _metadata.file_path as url "
            ~ "from text.`" ~ path | replace('`', '``') ~ "`"
        ) -%}
    {%- endfor -%}
    select
        -- A byte that is no text is shown as what JSON does not have.
        case
            when is_valid_utf8(value) then line
            else replace(make_valid_utf8(line), '\ufffd', r'\x?')
        end as raw_event,
        -- A path as it is on the disk, and as DuckDB tells it, where it is one.
        case
            when startswith(url, 'file:')
                then regexp_replace(url_decode(replace(url, '+', '%2B')), '^file:(//)?', '')
            else url
        end as source_file
    from ({{ selects | join('\n    union all\n    ') }}) as lines
    where line <> ''
{%- endmacro -%}

{#-
    The fields as a map, because a key that stands twice then keeps its first value, as DuckDB has
    it. The record is read as the first element of a list with {} after it, because Spark would pass
    over what follows a whole record in its line. `transform(array(x), y -> ...)[0]` names a value
    that is needed several times, so that it is parsed once.
-#}
{%- macro spark__parse_event(raw_event) -%}
    {%- set options = spark_json_options() -%}
    {#- Half of a pair of surrogates is no text. -#}
    {%- set text -%}
        case
            when
                not contains({{ raw_event }}, r'\u')
                or not {{ raw_event }} rlike concat(
                    r'(?<!\\)(?:\\\\)*',
                    r'(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|',
                    r'(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F])'
                )
                then concat('[', {{ raw_event }}, ',{}]')
        end
    {%- endset -%}
    transform(
        array(
            coalesce(
                transform(
                    array(from_json({{ text }}, 'array<map<string, string>>', {{ options }})),
                    listed -> case
                        when size(listed) = 2 and cardinality(listed[1]) = 0 then listed[0]
                    end
                )[0],
                -- JSON, but no object: it has no fields.
                transform(
                    array(from_json({{ text }}, 'array<string>', {{ options }})),
                    listed -> case
                        when size(listed) = 2 and listed[1] = '{}'
                            then cast(map() as map<string, string>)
                    end
                )[0]
            )
        ),
        record -> case
            when record is not null then {{ spark_struct('record', event_structure()) }}
        end
    )[0]
{%- endmacro -%}

{%- macro spark_struct(map, structure) -%}
    named_struct(
        {%- for key, inner in structure.items() %}
        {{ sql_text(key) }},
        {%- set value = map ~ '[' ~ sql_text(key) ~ ']' -%}
        {%- if inner is mapping %}
        transform(
            array(from_json({{ value }}, 'map<string, string>', {{ spark_json_options() }})),
            {{ map }}_{{ loop.index }} -> {{ spark_struct(map ~ '_' ~ loop.index, inner) }}
        )[0]
        {%- else %} {{ spark_json_text(value) }}
        {%- endif %}
        {{- "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro -%}

{%- macro spark__parse_other_location(raw_event) -%}
    transform(
        array(from_json({{ raw_event }}, 'map<string, string>', {{ spark_json_options() }})),
        flat -> transform(
            array(from_json(
                case
                    when btrim(flat['location'], '[] ') not like '{\'%'
                        then btrim(flat['location'], '[] ')
                    else regexp_replace(
                        replace(btrim(flat['location'], '[] '), '\'', '"'), ': (None|nan)', ': null'
                    )
                end,
                'map<string, string>', {{ spark_json_options() }}
            )),
            nested -> named_struct(
                {%- for field in location_fields() %}
                '{{ field }}',
                coalesce(
                    nested['{{ field }}'],
                    flat['location.{{ field }}'],
                    flat['location_{{ field }}']
                ),
                {%- endfor %}
                'location_text', nullif(flat['location'], '{}')
            )
        )[0]
    )[0]
{%- endmacro -%}

{%- macro spark_json_options() -%}
    map('allowSingleQuotes', 'false', 'maxNestingDepth', '100000')
{%- endmacro -%}

{%- macro spark_json_text(value) -%}
    case
        when {{ value }} in ('"NaN"', '"Infinity"', '"-Infinity"') then btrim({{ value }}, '"')
        else {{ value }}
    end
{%- endmacro -%}

{%- macro spark__blank_as_null(text) -%}
    case when {{ text }} >= '!' or btrim({{ text }}, ' \t\r\n') <> '' then {{ text }} end
{%- endmacro -%}

{#- Spark alone would take 12d and 0x1p3 for numbers, and DuckDB alone 1_000. -#}
{%- macro spark__text_as_double(text) -%}
    try_cast(
        case
            when
                {{ text }} rlike concat(
                    r'(?i)\A\s*[+-]?(?:(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)',
                    r'(?:e[+-]?\d(?:_?\d)*)?|inf|infinity|nan)\s*\z'
                )
                then replace({{ text }}, '_', '')
        end as double
    )
{%- endmacro -%}

{%- macro spark__business_date(moment) -%}
    cast(from_utc_timestamp({{ moment }}, {{ sql_text(var('business_time_zone')) }}) as date)
{%- endmacro -%}

{%- macro spark__epoch_to_timestamp(seconds) -%}timestamp_seconds({{ seconds }}){%- endmacro -%}

{#- Spark alone would take a month or the time of a day for a moment. -#}
{%- macro spark__moment_as_epoch(text) -%}
    cast(
        try_cast(
            case
                when {{ text }} rlike r'^\s*\d{4,6}-\d{1,2}-\d{1,2}([ T]\d|\s*$)' then {{ text }}
            end as timestamp
        ) as double
    )
{%- endmacro -%}

{%- macro spark__event_identity() -%}
    md5(
        to_json(
            array(
                {%- for field in event_fields() %}
                {{ spark_double_as_text(field, 0.0001, '0')
                    if field in numeric_fields() and field != 'client_time'
                    else 'cast(' ~ field ~ ' as string)' }}{{ "," if not loop.last }}
                {%- endfor %}
            )
        ) || coalesce(event_key, '')
    )
{%- endmacro -%}

{%- macro spark__event_as_json() -%}
    to_json(
        struct(
            {{ own_fields() | join(', ') }},
            struct({{ location_fields() | join(', ') }}) as location
        ),
        map('ignoreNullFields', 'false')
    )
{%- endmacro -%}

{%- macro spark_double_as_text(number, bound, fill) -%}
    case
        when {{ number }} = 0 or (abs({{ number }}) >= 0.001 and abs({{ number }}) < 1e7)
            then cast({{ number }} as string)
        when abs({{ number }}) >= {{ bound }}
            then regexp_replace(
                cast(cast({{ number }} as decimal(38, 24)) as string), r'(\.\d+?)0+$', '$1'
            )
        else regexp_replace(
            replace(lower(cast({{ number }} as string)), '.0e', 'e'), r'e-(\d)$', 'e-{{ fill }}$1'
        )
    end
{%- endmacro -%}
