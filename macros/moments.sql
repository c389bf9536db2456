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

{%- macro moment_as_epoch(text) -%}
    {{ return(adapter.dispatch('moment_as_epoch', 'bootloader')(text)) }}
{%- endmacro -%}
{%- macro default__moment_as_epoch(text) -%}
    epoch(try_cast({{ text }} as timestamptz))
{%- endmacro -%}
