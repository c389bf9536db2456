{#- The latest known value of a column within a group of events, or of a list of columns as one struct. -#}
{#- Of several values in one second the greatest counts, so that the order of rows never matters. -#}
{%- macro latest_known(columns, known=none) -%}
    {%- set known = known or columns ~ ' is not null' -%}
    {{ return(adapter.dispatch('latest_known', 'bootloader')([columns] if columns is string else columns, known)) }}
{%- endmacro -%}


{%- macro default__latest_known(columns, known) -%}
    {%- set value = columns[0] if columns | length == 1 else 'struct_pack(' ~ columns | join(', ') ~ ')' -%}
    max(struct_pack(client_time := client_time, value := {{ value }})) filter (where {{ known }}).value
{%- endmacro -%}
