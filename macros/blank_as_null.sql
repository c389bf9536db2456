{#- Text that holds nothing but spaces says nothing; any other text stays as it is. -#}
{%- macro blank_as_null(text) -%}
    case when trim({{ text }}) <> '' then {{ text }} end
{%- endmacro -%}
