{%- macro begin_build() -%}
    {%- if execute and is_of_this_run() -%}
        {{ check_variables() }}
        {%- if flags.WHICH in ('build', 'run') and target.type == 'spark' -%}
            {{ withdraw_manifest() }}
        {%- elif flags.WHICH in ('build', 'run')
            and 'model.bootloader.validated_records' in selected_resources -%}
            {#- Asks whether all files can be read; of models, nothing is there yet. -#}
            {%- for variable in ('events_relation', 'user_aliases') -%}
                {%- do check_relation(variable) -%}
            {%- endfor -%}
            {%- do read_records() if not var('events_relation') -%}
        {%- endif -%}
        {%- if flags.WHICH in ('build', 'run')
            and 'model.bootloader.validated_assignments' in selected_resources -%}
            {%- do read_ledgers() -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro end_build(results) -%}
    {%- if execute and is_of_this_run() -%}
        {%- set ours = results | selectattr('node.package_name', 'equalto', 'bootloader') | list -%}
        {%- if flags.WHICH in ('build', 'run') -%}
            {{ publish(ours) if target.type == 'duckdb' else write_manifest(ours) }}
        {%- endif -%}
        {{ print_summary(ours) }}
        {{ log_leftovers() if flags.WHICH in ('build', 'run') and target.type == 'duckdb' }}
    {%- endif -%}
{%- endmacro -%}

{%- macro log_leftovers() -%}
    {%- set made = graph.nodes.values() | selectattr('schema', 'equalto', target.schema) -%}
    {%- set answer = ask_python('note_leftovers', {
        'relations': relations_in_warehouse(), 'schema': target.schema,
        'made': made | map(attribute='alias') | list,
    }) -%}
    {{ log(answer.message, info=True) if answer.message }}
{%- endmacro -%}

{%- macro is_of_this_run() -%}
    {%- set ours = (
        'model.bootloader.', 'seed.bootloader.', 'test.bootloader.', 'unit_test.bootloader.'
    ) -%}
    {%- for unique_id in selected_resources if unique_id.startswith(ours) -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro -%}

{%- macro is_good(results) -%}
    {%- set good = ['success', 'pass', 'warn', 'no-op'] -%}
    {{ return(results | length > 0 and not results | rejectattr('status', 'in', good) | list) }}
{%- endmacro -%}

{%- macro built_nodes(results) -%}
    {%- set built = results | selectattr('status', 'equalto', 'success') -%}
    {{ return(built | map(attribute='node.unique_id') | list) }}
{%- endmacro -%}
