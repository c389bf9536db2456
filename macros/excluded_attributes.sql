{#- The attributes of the variable excluded_attributes by the names of their columns. -#}
{%- macro excluded_attributes() -%}
    {%- set columns = {
        'age': 'age', 'gender': 'gender_cleaned', 'gender_cleaned': 'gender_cleaned',
        'marital_status': 'marital_status', 'device': 'device', 'state': 'state',
    } -%}
    {%- set names = var('excluded_attributes') -%}
    {%- set names = [names] if names is string else names or [] -%}
    {%- for name in names if name not in columns -%}
        {%- do exceptions.raise_compiler_error(
            "excluded_attributes: '" ~ name ~ "' is none of age, gender, marital_status, device and state."
        ) -%}
    {%- endfor -%}
    {{ return(columns.items()
        | selectattr(0, 'in', names) | map(attribute=1) | unique | list) }}
{%- endmacro -%}
