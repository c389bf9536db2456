{#- Text that holds nothing but white space says nothing; any other text stays as it is. -#}
{%- macro blank_as_null(text) -%}
    case when trim({{ text }}, e' \t\r\n') <> '' then {{ text }} end
{%- endmacro -%}
