{%- macro loaded_seed(name) -%}
    {%- set seed = ref(name) -%}
    {%- if execute and graph.nodes and not load_relation(seed) -%}
        (
            select
                {%- for column in graph.nodes['seed.bootloader.' ~ name].config.column_types %}
                cast(null as {{ dbt.type_string() }}) as {{ column }}{{ "," if not loop.last }}
                {%- endfor %}
            where false
        )
    {%- else -%} {{ seed }}
    {%- endif -%}
{%- endmacro -%}
