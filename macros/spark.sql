{#-
    All that Spark says differently from DuckDB. What dispatches stands where its name is used, with what DuckDB
    says; here stands what Spark says instead, so that a record is validated the same by both.
-#}

{#- The day in the path of a file, such as events/2014-03-05/part.json; empty where it has none. -#}
{%- macro spark__file_state() -%}
    {%- set day = "regexp_extract(source_file, r'(\d{4}-\d{2}-\d{2})', 1)" -%}
    {%- if var('replace_days', false) -%}
        {#- Without a day, what is read would take the place of all that was ever read without one. -#}
        coalesce(nullif({{ day }}, ''), raise_error(concat('replace_days: the path names no day: ', source_file)))
    {%- else -%}
        {{ day }}
    {%- endif -%}
{%- endmacro -%}


{%- macro spark__join_files() -%}{%- endmacro -%}


{#- Each build on a cluster computes all users, so that there is nothing to compare. -#}
{%- macro spark__versions_of_users() -%}
    select session_id from {{ ref('validated_records') }} where false
{%- endmacro -%}


{#- What may stand around a record without being a part of it, as DuckDB's reader sees it. -#}
{%- macro spark_white_space() -%}' \t\n\r\u000b\u000c'{%- endmacro -%}


{#- One row per line of text that is not blank. Spark splits files into tasks only at the ends of lines. -#}
{%- macro spark__read_records() -%}
    {%- set paths = var('events_path') -%}
    {%- set selects = [] -%}
    {%- for path in ([paths] if paths is string else paths) -%}
        {#- Without lineSep, a carriage return within a line would end it. -#}
        {%- do selects.append(
            "select value, _metadata.file_path as url from text.`" ~ path | replace('`', '``') ~ "` with (lineSep = '\\n')"
        ) -%}
    {%- endfor -%}
    select
        case
            when is_valid_utf8(value) then btrim(value, {{ spark_white_space() }})
            else {{ spark_show_bytes('value') }}
        end as raw_event,
        -- A path as it is on the disk, and as DuckDB tells it, where it is one.
        case
            when startswith(url, 'file:')
                then regexp_replace(url_decode(replace(url, '+', '%2B')), '^file:(//)?', '')
            else url
        end as source_file
    from ({{ selects | join('\n    union all\n    ') }}) as lines
    where btrim(value, {{ spark_white_space() }}) <> ''
{%- endmacro -%}


{#- Text in which each byte that is none is shown as \xff. Nothing with a backslash outside of a string is JSON, nor \x in one. -#}
{%- macro spark_show_bytes(text) -%}
    array_join(
        transform(
            regexp_extract_all(
                rtrim('\r', decode(cast({{ text }} as binary), 'ISO-8859-1')),
                r'(?s)(?:[\x00-\x7F]|[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})+|.',
                0
            ),
            piece -> case
                when is_valid_utf8(encode(piece, 'ISO-8859-1')) then decode(encode(piece, 'ISO-8859-1'), 'UTF-8')
                else concat('\\x', lower(hex(encode(piece, 'ISO-8859-1'))))
            end
        ),
        ''
    )
{%- endmacro -%}


{#-
    The fields as a map, because a key that stands twice then keeps its first value, as DuckDB has it. The record is read
    as the first element of a list with {} after it, because Spark would pass over what follows a whole record in its line.
    `transform(array(x), y -> ...)[0]` names a value that is needed several times, so that it is parsed once.
-#}
{%- macro spark__parse_event(raw_event) -%}
    {%- set options = "map('allowSingleQuotes', 'false', 'maxNestingDepth', '100000')" -%}
    {#- Half of a pair of surrogates is no text. -#}
    {%- set text -%}
        case
            when
                not contains({{ raw_event }}, r'\u')
                or not {{ raw_event }} rlike r'(?<!\\)(?:\\\\)*(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F])'
                then concat('[', {{ raw_event }}, ',{}]')
        end
    {%- endset -%}
    transform(
        array(
            coalesce(
                transform(
                    array(from_json({{ text }}, 'array<map<string, string>>', {{ options }})),
                    listed -> case when size(listed) = 2 and cardinality(listed[1]) = 0 then listed[0] end
                )[0],
                -- JSON, but no object: it has no fields.
                transform(
                    array(from_json({{ text }}, 'array<string>', {{ options }})),
                    listed -> case when size(listed) = 2 and listed[1] = '{}' then cast(map() as map<string, string>) end
                )[0]
            )
        ),
        record -> case
            when record is not null then transform(
                array(from_json(record['location'], 'map<string, string>', {{ options }})),
                place -> named_struct(
                    {% for field in event_fields() -%}
                    '{{ field }}', {{ spark_json_text("record['" ~ field ~ "']") }},
                    {% endfor -%}
                    'location', named_struct(
                        {% for field in location_fields() -%}
                        '{{ field }}', {{ spark_json_text("place['" ~ field ~ "']") }}{{ "," if not loop.last }}
                        {% endfor -%}
                    )
                )
            )[0]
        end
    )[0]
{%- endmacro -%}


{#- Spark shows a bare NaN or Infinity as text in quotes. -#}
{%- macro spark_json_text(value) -%}
    case when {{ value }} in ('"NaN"', '"Infinity"', '"-Infinity"') then btrim({{ value }}, '"') else {{ value }} end
{%- endmacro -%}


{%- macro spark__begins_with(text, beginning) -%}
    startswith({{ text }}, {{ sql_text(beginning) }})
{%- endmacro -%}


{%- macro spark__blank_as_null(text) -%}
    case when {{ text }} >= '!' or btrim({{ text }}, ' \t\r\n') <> '' then {{ text }} end
{%- endmacro -%}


{#- Spark alone would take 12d and 0x1p3 for numbers, and DuckDB alone 1_000. -#}
{%- macro spark__text_as_double(text) -%}
    try_cast(
        case
            when {{ text }} rlike r'(?i)\A\s*[+-]?(?:(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?|inf|infinity|nan)\s*\z'
                then replace({{ text }}, '_', '')
        end as double
    )
{%- endmacro -%}


{%- macro spark__hash_of(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro -%}


{%- macro spark__epoch_to_timestamp(seconds) -%}
    timestamp_seconds({{ seconds }})
{%- endmacro -%}


{%- macro spark__moment_as_epoch(text) -%}
    cast(try_cast({{ text }} as timestamp) as double)
{%- endmacro -%}


{%- macro spark__as_struct(columns) -%}
    struct({{ columns | join(', ') }})
{%- endmacro -%}


{%- macro spark__event_identity() -%}
    md5(
        to_json(
            array(
                {%- for field in event_fields() %}
                {{ spark_double_as_text(field, 0.0001, '0') if field in ['amount', 'latitude', 'longitude']
                    else 'cast(' ~ field ~ ' as string)' }}{{ "," if not loop.last }}
                {%- endfor %}
            )
        )
    )
{%- endmacro -%}


{%- macro spark__event_as_json() -%}
    concat(
        '{'
        {%- for field in event_fields() %}
        {{- ", '\"location\":{'" if loop.index0 == event_fields() | length - 5 }},
        '"{{ field }}":', coalesce(
            {%- if field == 'client_time' -%} cast(client_time as string)
            {%- elif field in ['amount', 'latitude', 'longitude'] -%} {{ spark_double_as_text(field, 0.000001, '') }}
            {%- else -%} regexp_extract(to_json(array({{ field }})), r'(?s)\A\[(.*)\]\z', 1)
            {%- endif -%}
            , 'null'){{ ", ','" if not loop.last }}
        {%- endfor %},
        '}}'
    )
{%- endmacro -%}


{#- A number as DuckDB writes it, up to 1e13: below a bound with an exponent, of one digit where that is not filled up. -#}
{%- macro spark_double_as_text(number, bound, fill) -%}
    case
        when {{ number }} = 0 or (abs({{ number }}) >= 0.001 and abs({{ number }}) < 1e7) then cast({{ number }} as string)
        when abs({{ number }}) >= {{ bound }}
            then regexp_replace(cast(cast({{ number }} as decimal(38, 24)) as string), r'(\.\d+?)0+$', '$1')
        else regexp_replace(
            replace(lower(cast({{ number }} as string)), '.0e', 'e'), r'e-(\d)$', 'e-{{ fill }}$1'
        )
    end
{%- endmacro -%}
