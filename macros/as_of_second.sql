{#- The variable as_of as a UNIX second, or none. Only events strictly before it count. -#}
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
            "as_of: '" ~ moment ~ "' is not a valid timestamp. Give an ISO timestamp such as 2014-03-22T00:00:00Z,"
            ~ " or a UNIX second such as 1395446400."
        ) -%}
    {%- endif -%}
    {{ return(second) }}
{%- endmacro -%}

{#- The UNIX second of a timestamp as text; null where it is not one. -#}
{%- macro moment_as_epoch(text) -%}{{ return(adapter.dispatch('moment_as_epoch', 'bootloader')(text)) }}{%- endmacro -%}

{%- macro default__moment_as_epoch(text) -%}epoch(try_cast({{ text }} as timestamptz)){%- endmacro -%}
