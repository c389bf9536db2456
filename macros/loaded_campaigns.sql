{%- macro loaded_campaigns() -%}
    {%- if execute and graph.nodes and not load_relation(ref('campaigns')) -%}
        (
            select
                cast(null as {{ dbt.type_string() }}) as campaign,
                cast(null as {{ dbt.type_string() }}) as category
            where false
        )
    {%- else -%} {{ ref('campaigns') }}
    {%- endif -%}
{%- endmacro -%}
