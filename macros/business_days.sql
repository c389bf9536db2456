{#- The day of a moment in UTC, where the business is. -#}
{%- macro business_date(moment) -%}
    {{ return(adapter.dispatch('business_date', 'bootloader')(moment)) }}
{%- endmacro -%}
{%- macro default__business_date(moment) -%}
    cast(
        {{ moment }} at time zone 'UTC' at time zone {{ sql_text(var('business_time_zone')) }}
        as date
    )
{%- endmacro -%}
