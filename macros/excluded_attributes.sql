{#- The attributes of the variable excluded_attributes by the names of their columns. -#}
{%- macro excluded_attributes() -%}
    {%- set names = var('excluded_attributes') -%}
    {%- set names = [names] if names is string else names or [] -%}
    {%- set columns = [] -%}
    {%- for name in names -%}
        {%- set column = 'gender_cleaned' if name == 'gender' else name -%}
        {%- if column not in user_attributes() -%}
            {%- do exceptions.raise_compiler_error(
                "excluded_attributes: '" ~ name ~ "' is not one of "
                ~ user_attributes() | join(', ') | replace('gender_cleaned', 'gender') ~ "."
            ) -%}
        {%- endif -%}
        {%- do columns.append(column) -%}
    {%- endfor -%}
    {{ return(columns | unique | list) }}
{%- endmacro -%}
