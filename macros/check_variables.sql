{#- Stop before any table changes if a variable has an invalid value. -#}
{%- macro check_variables() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- if var('unknown_gender') not in ['F', 'M', 'U'] -%}
            {%- do exceptions.raise_compiler_error(
                "unknown_gender: '" ~ var('unknown_gender') ~ "' must be F, M or U."
            ) -%}
        {%- endif -%}
        {%- set horizon = var('horizon_days') -%}
        {%- if horizon is not number or not 0 < horizon <= 3650 -%}
            {%- do exceptions.raise_compiler_error(
                "horizon_days: '" ~ horizon ~ "' must be a number of days above 0 and at most 3650."
            ) -%}
        {%- endif -%}
        {%- for name, value, least in [
            ('most_training_rows', var('most_training_rows'), 1000), ('max_categories', var('max_categories'), 0)
        ] -%}
            {%- if value is not integer or value < least -%}
                {%- do exceptions.raise_compiler_error(
                    name ~ ": '" ~ value ~ "' must be a whole number of at least " ~ least ~ "."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if var('replace_days', false) and (target.type != 'spark' or flags.FULL_REFRESH) -%}
            {%- do exceptions.raise_compiler_error(
                "replace_days: use it with --target spark and without --full-refresh, which would drop all other days."
            ) -%}
        {%- endif -%}
        {%- set fields = var('event_fields') -%}
        {%- for field in fields -%}
            {%- if fields is not mapping or field not in event_fields() + ['event_id'] or fields[field] is not string -%}
                {%- do exceptions.raise_compiler_error(
                    "event_fields: '" ~ field ~ "' cannot be mapped. Give a key for fields of an event, such as "
                    ~ "{session_id: distinct_id}; the fields are " ~ (event_fields() + ['event_id']) | join(', ') ~ "."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set cap = var('max_pushes') -%}
        {%- if cap is not mapping or cap['count'] is not integer or cap['days'] is not number or cap['count'] < 1 -%}
            {%- do exceptions.raise_compiler_error(
                "max_pushes: '" ~ cap ~ "' must be like {count: 2, days: 7}, with a count of at least 1."
            ) -%}
        {%- endif -%}
        {%- do as_of_second() -%}
        {%- do excluded_attributes() -%}
        {%- if target.type == 'duckdb' and 'model.bootloader.validated_records' in selected_resources -%}
            {%- do read_records() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}
