{%- macro check_variables() -%}
    {%- if execute and flags.WHICH in ('build', 'run') and var('replace_days')
        and (target.type != 'spark' or flags.FULL_REFRESH) -%}
        {%- do exceptions.raise_compiler_error(
            "replace_days: use it with --target spark, and without --full-refresh, which would"
            ~ " drop all other days."
        ) -%}
    {%- endif -%}
    {%- for name in ('events_relation', 'user_aliases')
        if execute and target.type == 'spark' and var(name) -%}
        {%- do exceptions.raise_compiler_error(
            name ~ ": a cluster reads only the files of events_path. Use it with --target duckdb."
        ) -%}
    {%- endfor -%}
    {#- Python is asked through DuckDB; docs/scale.md says how to check what a cluster is given. -#}
    {%- if execute and target.type == 'duckdb' -%}
        {%- set values = {} -%}
        {%- for name in ask_python('list_variables', none).names -%}
            {%- do values.update({name: var(name)}) -%}
        {%- endfor -%}
        {#- What a project around this one is given may be its own. -#}
        {%- set given = invocation_args_dict.vars if project_name == 'bootloader' -%}
        {%- set answer = ask_python('answer_variables', {
            'values': toyaml(values),
            'event_fields': event_fields() + other_fields(),
            'given': given | list,
        }) -%}
        {%- for name in answer.unknown -%}
            {%- do exceptions.warn(
                "'" ~ name ~ "' is not a variable of this project: see docs/configuration.md."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro sql_number(value) -%}
    {#- What minus itself is not 0 is infinite, or NaN. -#}
    {%- if value is number and value is not boolean and value - value == 0 -%}
        {{ value }}
    {%- elif execute -%}
        {%- do exceptions.raise_compiler_error("'" ~ value ~ "' must be a number.") -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro excluded_attributes() -%}
    {%- set names = var('excluded_attributes') -%}
    {%- set names = [names] if names is string else names if names is iterable else [] -%}
    {%- set columns = [] -%}
    {%- for column in user_attributes() if column | replace('_cleaned', '') in names -%}
        {%- do columns.append(column) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro -%}
