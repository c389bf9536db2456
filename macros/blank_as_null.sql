{#- Text that holds nothing but white space says nothing; any other text stays as it is. -#}
{#-
    Text that begins with something visible, as nearly all does, is known to say something without a
    closer look.
-#}
{%- macro blank_as_null(text) -%}
    {{ return(adapter.dispatch('blank_as_null', 'bootloader')(text)) }}
{%- endmacro -%}

{%- macro default__blank_as_null(text) -%}
    case when {{ text }} >= '!' or trim({{ text }}, e' \t\r\n') <> '' then {{ text }} end
{%- endmacro -%}

{#- Text without the words that databases and tools write where a value is missing. -#}
{%- macro missing_as_null(text) -%}
    case when lower({{ text }}) not in ({{ missing_words() }}) then {{ blank_as_null(text) }} end
{%- endmacro -%}

{%- macro missing_words() -%}
    'null', 'none', 'nan', 'na', 'n/a', {{ sql_text('\\n') }}, 'undefined', '(not set)', '(none)'
{%- endmacro -%}

{#- A number that was whole before some tool made a decimal of it, such as 80540.0. -#}
{%- macro whole_again(text) -%}
    case
        when
            {{ text }} like '%.0'
            and try_cast(substring({{ text }}, 1, length({{ text }}) - 2) as bigint) is not null
            then substring({{ text }}, 1, length({{ text }}) - 2)
        else {{ text }}
    end
{%- endmacro -%}
