{#-
    Builds find out which files to read and which users to compute by comparing what is there: records carry the state
    of their file, and `user_versions` says what each user's rows were made from. Nothing else is remembered, so a
    failed, killed or partial build needs no repair.
-#}

{#- The event files as they are now: source_file and file_state, which changes with the file and with the rules. -#}
{%- macro current_files() -%}
    select
        file.path as source_file,
        concat_ws(' ', file.state, {{ sql_text(rules_of(['validated_records'])) }}) as file_state
    from (
        select unnest(from_json(
            {{ sql_text(tojson(find_event_files() if execute else [])) }}, '[{"path": "VARCHAR", "state": "VARCHAR"}]'
        )) as file
    ) as listed
{%- endmacro -%}

{#- The files whose records are all in the warehouse, in their current state. -#}
{%- macro files_read() -%}
    select source_file, file_state
    from ({{ current_files() }}) as current_files
    inner join {{ built('loaded_files') }} as loaded_files using (source_file, file_state)
    inner join (
        select source_file, file_state, count(*) as records from {{ built('validated_records') }} group by all
    ) as held using (source_file, file_state, records)
{%- endmacro -%}

{#- The paths of the files that this build reads. -#}
{%- macro files_to_read() -%}
    {%- set files = find_event_files() | map(attribute='path') | list -%}
    {%- if flags.EMPTY -%}{{ return([]) }}{%- endif -%}
    {%- if flags.FULL_REFRESH or not built('loaded_files') or not built('validated_records') -%}{{ return(files) }}{%- endif -%}
    {%- set read = run_query(files_read()).columns['source_file'].values() -%}
    {{ return(files | reject('in', read) | list) }}
{%- endmacro -%}

{#- For the pre-hook of validated_records: delete records that are read again, and those of files that are gone. -#}
{%- macro delete_stale_records() -%}
    {#- A cluster replaces partitions. -#}
    {%- if execute and is_incremental() and target.type == 'duckdb' -%}
        delete from {{ this }}
        {%- if built('loaded_files') and not flags.EMPTY %}
        where (source_file, file_state) not in ({{ files_read() }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{#- For the pre-hook of the tables of users: the changed users are computed again. -#}
{%- macro delete_changed_users() -%}
    {#- A build with --empty limits what a reference shows, and takes all users away. -#}
    {%- set changed_users = ref('changed_users').render() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where session_id in (select session_id from {{ changed_users }})
    {%- endif -%}
{%- endmacro -%}

{#- For the post-hook of changed_users: until user_versions is built, these users count as out of date. -#}
{%- macro delete_versions_of_changed_users() -%}
    {%- if built('user_versions') -%}
        delete from {{ built('user_versions') }} where session_id in (select session_id from {{ this }})
    {%- endif -%}
{%- endmacro -%}

{#- Per user, what the rows of users, user_category_actions and duplicate_records are made from. -#}
{%- macro versions_of_users() -%}{{ return(adapter.dispatch('versions_of_users', 'bootloader')()) }}{%- endmacro -%}

{%- macro default__versions_of_users() -%}
    select
        session_id,
        sum(cast(hash(record_hash, source_file) as hugeint)) as records_checksum,
        {{ sql_text(rules_of(['duplicate_records', 'users', 'user_category_actions'])) }} as rules
    from {{ ref('checked_records') }}
    where validation_error is null
    group by session_id
{%- endmacro -%}

{#- How many rows each user has in those tables. -#}
{%- macro rows_of_users() -%}
    select session_id, count(*) as user_rows
    from (
        select session_id from {{ built('users') }}
        union all
        select session_id from {{ built('user_category_actions') }}
        union all
        select session_id from {{ built('duplicate_records') }}
    ) as rows_of_tables
    group by session_id
{%- endmacro -%}

{#- The table of a model from earlier builds of this target, or none. -#}
{%- macro built(name) -%}
    {%- if not execute or not graph.nodes -%}{{ return(none) }}{%- endif -%}
    {%- set node = graph.nodes.get('model.bootloader.' ~ name) -%}
    {{ return(adapter.get_relation(node.database, node.schema, node.alias) if node else none) }}
{%- endmacro -%}

{#-
    A text that changes with the rules that some models are made by: their SQL, that of the models of this project they
    come from, all macros they use, and the values of the variables named there. Comments do not count, and neither do
    the variables that say which files are read. The dialects are those of macros that have one form for each engine.
-#}
{%- macro rules_of(names, dialects=['default__']) -%}
    {#- Unit tests have no graph. -#}
    {%- if not execute or not graph.nodes -%}{{ return('') }}{%- endif -%}
    {%- set parts = {} -%}
    {%- for name in names -%}{%- do collect_rules(graph.nodes['model.bootloader.' ~ name], parts, dialects) -%}{%- endfor -%}
    {#- The pattern is written so that it is no comment itself. -#}
    {%- set comments = '(?s)[{]#.*?#[}]|-{2}[^\n]*' -%}
    {%- set code = modules.re.sub(comments, '', parts | dictsort | map(attribute=1) | join('\n')).split() | join(' ') -%}
    {%- set values = {} -%}
    {%- for name in modules.re.findall("var\\('(\\w+)'", code) | reject('in', ['events_path', 'replace_days']) -%}
        {%- do values.update({name: var(name, none) | string}) -%}
    {%- endfor -%}
    {{ return(local_md5(code ~ values | dictsort ~ ('empty' if flags.EMPTY else ''))) }}
{%- endmacro -%}

{%- macro collect_rules(node, parts, dialects) -%}
    {%- if node and node.unique_id not in parts and node.get('package_name') == 'bootloader' -%}
        {%- do parts.update({node.unique_id: node.get('raw_code') or node.get('macro_sql') or node.checksum.checksum}) -%}
        {%- for unique_id in node.depends_on.get('nodes', []) -%}
            {%- do collect_rules(graph.nodes.get(unique_id), parts, dialects) -%}
        {%- endfor -%}
        {%- for unique_id in node.depends_on.macros if unique_id.startswith('macro.bootloader.') -%}
            {%- set name = unique_id.split('.')[2] | replace('default__', '') | replace('spark__', '') -%}
            {%- for dialect in [''] + dialects if dialect ~ name in context['bootloader'] -%}
                {%- do collect_rules(context['bootloader'][dialect ~ name].macro.to_dict(), parts, dialects) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
