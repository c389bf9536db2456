{%- macro as_second(moment) -%}
    {%- if moment is none or not execute -%}{{ return(none) }}{%- endif -%}
    {%- set second = moment | string | float(default=none) -%}
    {%- if second is none -%}
        {%- set parsed = modules.datetime.datetime.fromisoformat(moment | string) -%}
        {%- set parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=modules.pytz.utc) -%}
        {%- set second = parsed.timestamp() -%}
    {%- endif -%}
    {#- Nothing but a number. -#}
    {%- do sql_number(second) -%}
    {{ return(second | int if second == second | int else second) }}
{%- endmacro -%}

{%- macro as_of_second() -%}{{ return(as_second(var('as_of'))) }}{%- endmacro -%}

{%- macro as_seconds(moment) -%}
    {%- set latest = as_second(var('latest_client_time')) -%}
    {#- A number says by its size what it counts: 1e9 are seconds in 2001, and so on. -#}
    case
        when {{ moment }} < {{ latest }} then {{ moment }}
        when {{ moment }} < {{ latest }} * 1e3 then {{ moment }} / 1e3
        when {{ moment }} < {{ latest }} * 1e6 then {{ moment }} / 1e6
        else {{ moment }} / 1e9
    end
{%- endmacro -%}

{%- macro moment_as_epoch(text) -%}
    {{ return(adapter.dispatch('moment_as_epoch', 'bootloader')(text)) }}
{%- endmacro -%}
{%- macro default__moment_as_epoch(text) -%}
    epoch(try_cast({{ text }} as timestamptz))
{%- endmacro -%}
