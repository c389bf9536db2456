{#- Text that holds nothing but white space says nothing; any other text stays as it is. -#}
{#- Text that begins with something visible, as nearly all does, is known to say something without a closer look. -#}
{%- macro blank_as_null(text) -%}
    {{ return(adapter.dispatch('blank_as_null', 'bootloader')(text)) }}
{%- endmacro -%}


{%- macro default__blank_as_null(text) -%}
    case when {{ text }} >= '!' or trim({{ text }}, e' \t\r\n') <> '' then {{ text }} end
{%- endmacro -%}
