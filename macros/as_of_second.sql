{#- The variable as_of as a UNIX second, or none: only events strictly before it exist. -#}
{%- macro as_of_second() -%}
    {%- set moment = var('as_of') -%}
    {%- if moment is none or not execute -%}{{ return(none) }}{%- endif -%}
    {%- set text = sql_text(moment | string) -%}
    {%- set second = run_query(
        "select coalesce(try_cast(" ~ text ~ " as double), " ~ moment_as_epoch(text) ~ ")"
    ).columns[0].values()[0] -%}
    {%- if second is none
        or not var('earliest_client_time') <= second < var('latest_client_time') -%}
        {%- do exceptions.raise_compiler_error(
            "as_of: '" ~ moment ~ "' is no moment. Give an ISO moment such as 2014-03-22T00:00:00Z,"
            ~ " or a UNIX second such as 1395446400."
        ) -%}
    {%- endif -%}
    {{ return(second) }}
{%- endmacro -%}


{#- The UNIX second of a moment that a text tells; null where it tells none. -#}
{%- macro moment_as_epoch(text) -%}
    {{ return(adapter.dispatch('moment_as_epoch', 'bootloader')(text)) }}
{%- endmacro -%}


{%- macro default__moment_as_epoch(text) -%}
    epoch(try_cast({{ text }} as timestamptz))
{%- endmacro -%}
