{%- macro user_attributes() -%}
    {{ return(['age', 'gender_cleaned', 'marital_status', 'device', 'state']) }}
{%- endmacro -%}

{%- macro user_columns() -%}
    {{ return(user_attributes() + location_fields() | reject('in', user_attributes()) | list) }}
{%- endmacro -%}

{%- macro attribute_as_reason(attribute, value) -%}
    {%- set name = attribute | replace('_', ' ') -%}
    {%- if attribute == 'gender_cleaned' -%}
        case {{ value }} when 'F' then 'woman' when 'M' then 'man' else 'gender unknown' end
    {%- elif attribute == 'marital_status' -%} coalesce({{ value }}, '{{ name }} unknown')
    {%- else -%}
        {%- set before = {'device': 'uses ', 'state': 'lives in '}.get(attribute, name ~ ' ') -%}
        coalesce('{{ before }}' || {{ value }}, '{{ name }} unknown')
    {%- endif -%}
{%- endmacro -%}

{%- macro attribute_in_segment(attribute, value) -%}
    {%- if attribute == 'gender_cleaned' -%}
        case {{ value }} when 'F' then 'women' when 'M' then 'men' end
    {%- else -%} {{ value }}
    {%- endif -%}
{%- endmacro -%}
