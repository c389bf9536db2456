{%- macro blank_as_null(text) -%}
    {{ return(adapter.dispatch('blank_as_null', 'bootloader')(text)) }}
{%- endmacro -%}
{%- macro default__blank_as_null(text) -%}
    {#- Nearly all text begins with something visible, which is quicker to see than to trim. -#}
    case when {{ text }} >= '!' or trim({{ text }}, e' \t\r\n') <> '' then {{ text }} end
{%- endmacro -%}

{%- macro user_id(text) -%}nullif({{ trimmed(text) }}, ''){%- endmacro -%}

{%- macro trimmed(text) -%}
    {#- Nearly all text begins and ends with something visible, which is quicker to see. -#}
    case
        when
            {{ text }} >= '!'
            and {{ text }} < {{ sql_text('\x7f') }}
            and right({{ text }}, 1) between '!' and '~'
            then {{ text }}
        else {{ sql_function('trim') }}(
            {{ text }}, {{ sql_text(' \t\r\n\x0b\x0c\xa0\u3000\ufeff') }}
        )
    end
{%- endmacro -%}

{%- macro missing_as_null(text) -%}
    case when lower({{ text }}) not in ({{ missing_words() }}) then {{ blank_as_null(text) }} end
{%- endmacro -%}

{%- macro missing_words() -%}
    'null', 'none', 'nan', 'na', 'n/a', {{ sql_text('\\n') }}, 'undefined', '(not set)', '(none)'
{%- endmacro -%}

{%- macro whole_again(text) -%}
    case
        when
            {{ text }} like '%.0'
            and try_cast(substring({{ text }}, 1, length({{ text }}) - 2) as bigint) is not null
            then substring({{ text }}, 1, length({{ text }}) - 2)
        else {{ text }}
    end
{%- endmacro -%}
