{#- The latest known value of a column within a group of events. -#}
{#- Of several values in one second the greatest counts, so that the order of rows never matters. -#}
{%- macro latest_known(column, known=none) -%}
    max(struct_pack(client_time := client_time, value := {{ column }}))
        filter (where {{ known or column ~ ' is not null' }}).value
{%- endmacro -%}
