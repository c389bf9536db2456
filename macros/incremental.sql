{#-
    New event files are read once, and only the users whom they touch are computed anew. Every load of files is a
    batch with a number of its own. `read_files` says which files are in the warehouse, and `included_batches` up
    to which batch a model knows them, so that a build that failed half way is made up for by the next one. A file
    that has changed is read again by itself: what it said before is withdrawn, and `withdrawn_records` remembers in
    which batch, until all models know that too. Of one that is gone, `read_files` keeps the batch and no size, for a
    batch without any new record must be one that models lack as well.
-#}

{#- Before anything else: the tables that tell one build what the last one did. -#}
{%- macro prepare_increments() -%}
    {%- if execute -%}
        {%- set problem = run_query("select begin_build()").columns[0].values()[0] -%}
        {%- if problem and flags.WHICH in ('build', 'run', 'seed') -%}{%- do exceptions.raise_compiler_error(problem) -%}{%- endif -%}
        {%- do run_query(
            "create table if not exists read_files"
            ~ " (source_file varchar, file_size bigint, modified_ns bigint, batch bigint)"
        ) -%}
        {%- do run_query(
            "create table if not exists included_batches (model varchar, batch bigint, rules varchar)"
        ) -%}
        {%- do run_query(
            "create table if not exists withdrawn_records"
            ~ " (session_id varchar, record_hash ubigint, source_file varchar, batch bigint)"
        ) -%}
        {%- do run_query("create table if not exists built_tables (model varchar, fingerprint varchar)") -%}
    {%- endif -%}
{%- endmacro -%}


{#-
    Once it is known that the build can begin: what is taken over is not what earlier builds read, and what was taken
    over is no longer here. Batches begin again at 1, so that nothing may be kept that was made of the earlier ones.
-#}
{%- macro forget_batches() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- if var('marts_at', none) -%}
            {%- do run_query("delete from built_tables where exists (from included_batches)") -%}
            {%- do run_query("delete from included_batches") -%}
            {%- do run_query("delete from read_files") -%}
            {%- do run_query("delete from withdrawn_records") -%}
        {%- else -%}
            {%- do run_query("delete from built_tables where starts_with(fingerprint, 'taken over')") -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- Whether a model is made anew as a whole. dbt asks this macro; its own one knows only --full-refresh. -#}
{%- macro should_full_refresh() -%}
    {%- if config.get('full_refresh') is not none -%}{{ return(config.get('full_refresh')) }}{%- endif -%}
    {%- if flags.FULL_REFRESH -%}{{ return(true) }}{%- endif -%}
    {%- if not execute or config.get('materialized') != 'incremental' -%}{{ return(false) }}{%- endif -%}
    {%- if not keeps_batches() -%}{{ return(false) }}{%- endif -%}
    {{ return(must_read_all_files() if model.name == 'judged_records' else lacks_old_batches(model.name)) }}
{%- endmacro -%}


{#- Whether this build knows what earlier ones read. On a cluster, and where its tables are taken over, all is made anew. -#}
{%- macro keeps_batches() -%}
    {{ return(target.type == 'duckdb' and not var('marts_at', none)) }}
{%- endmacro -%}


{#- The files that judged_records reads in this build: all of them, or those that are new or have changed. -#}
{%- macro files_to_read() -%}
    {%- if not keeps_batches() -%}{{ return([]) }}{%- endif -%}
    {%- set files = find_event_files() -%}
    {%- if not must_read_all_files() -%}
        {%- set current = known_files() -%}
        {%- for path in stale_files(current) -%}{%- do current.pop(path) -%}{%- endfor -%}
        {%- set files = files | rejectattr('path', 'in', current) | list -%}
    {%- endif -%}
    {{ return(files) }}
{%- endmacro -%}


{#- A rule that changed makes what was read before worthless. So do many files that changed: all at once is quicker. -#}
{%- macro must_read_all_files() -%}
    {%- if flags.FULL_REFRESH or not execute
        or not adapter.get_relation(target.database, target.schema, 'judged_records')
        or lacks_old_batches('judged_records') -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set known = known_files() -%}
    {%- set stale = [] -%}
    {%- for path in stale_files(known) -%}{%- do stale.append(known[path][0]) -%}{%- endfor -%}
    {{ return(stale | sum > known.values() | map('first') | sum / 2) }}
{%- endmacro -%}


{#- Those of the known files that have changed since they were read, were renamed or are gone. -#}
{%- macro stale_files(known) -%}
    {%- set found = {} -%}
    {%- for file in find_event_files() -%}{%- do found.update({file.path: [file.size, file.modified_ns]}) -%}{%- endfor -%}
    {%- set stale = [] -%}
    {%- for path, state in known.items() if found.get(path) != state -%}{%- do stale.append(path) -%}{%- endfor -%}
    {{ return(stale) }}
{%- endmacro -%}


{#- Size and moment of the last change of each file whose records are in the warehouse, by its path. -#}
{%- macro known_files() -%}
    {%- set known = {} -%}
    {%- for row in run_query(
        "select source_file, file_size, modified_ns from read_files where file_size is not null"
    ).rows -%}
        {%- do known.update({row[0]: [row[1] | int, row[2] | int]}) -%}
    {%- endfor -%}
    {{ return(known) }}
{%- endmacro -%}


{#- Whether all records were read anew since a model was built, or the rules are no longer those it was built by. -#}
{%- macro lacks_old_batches(name) -%}
    {#- While dbt parses, there are no rules to be asked for yet. -#}
    {%- if not execute or not keeps_batches() -%}{{ return(true) }}{%- endif -%}
    {{ return(ask_batches(
        "(select rules = " ~ rules() ~ " and coalesce(batch >= (select min(batch) from read_files), true)"
        ~ " from included_batches where model = " ~ sql_text(name) ~ ")"
    ) != true) }}
{%- endmacro -%}


{#- SQL for a text that changes with every rule that events, users and actions are made by. -#}
{%- macro rules() -%}
    {%- set parsed = rules_by(variables_of_events()) ~ flags.EMPTY -%}
    {{ return("md5(concat(running_reader(), " ~ sql_text(parsed) ~ "))") }}
{%- endmacro -%}


{#- The batch that a record comes with. -#}
{%- macro batch_of_record() -%}
    {{ return(adapter.dispatch('batch_of_record', 'bootloader')()) }}
{%- endmacro -%}


{%- macro default__batch_of_record() -%}
    {{ return(next_batch()) }}
{%- endmacro -%}


{#- The number of the batch that this build reads. -#}
{%- macro next_batch() -%}
    {{ return((ask_batches("(select max(batch) from included_batches)") or 0) + 1) }}
{%- endmacro -%}


{#- For a model's pre-hook: withdraw what is no longer so, and write down which files are read, as they are before that. -#}
{%- macro record_files() -%}
    {%- if execute and keeps_batches() -%}
        {%- set batch = next_batch() -%}
        {%- set rows = {} -%}
        {%- if must_read_all_files() %}
            delete from read_files;
            delete from withdrawn_records;
        {%- else -%}
            {%- set stale = stale_files(known_files()) -%}
            {%- if stale %}
                insert into withdrawn_records
                select session_id, record_hash, source_file, {{ batch }} from {{ this }}
                where list_contains({{ sql_list(stale) }}, source_file);
                delete from {{ this }} where list_contains({{ sql_list(stale) }}, source_file);
            {%- endif -%}
            {%- for path in stale -%}{%- do rows.update({path: ['null', 'null']}) -%}{%- endfor -%}
        {%- endif -%}
        {%- for file in files_to_read() -%}
            {%- do rows.update({file.path: [file.size, file.modified_ns]}) -%}
        {%- endfor -%}
        {%- if rows %}
            delete from read_files where list_contains({{ sql_list(rows) }}, source_file);
            insert into read_files values
            {%- for path, state in rows.items() %}
            ({{ sql_text(path) }}, {{ state | join(', ') }}, {{ batch }}){{ "," if not loop.last }}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- At the end: what was withdrawn is nobody's business any more once all models know that. -#}
{%- macro forget_withdrawn_records() -%}
    {%- if execute and keeps_batches() -%}
        delete from withdrawn_records where batch <= {{
            included_by(['repeated_records', 'malformed_lines', 'users', 'user_category_actions'])
        }}
    {%- endif -%}
{%- endmacro -%}


{#- What was withdrawn in the batches that the models of these names do not all know, as something to select from. -#}
{%- macro withdrawn_since(names) -%}
    {{ return("withdrawn_records where withdrawn_records.batch > " ~ included_by(names)) }}
{%- endmacro -%}


{#- For a model's pre-hook: delete the rows whose key stands in a query; all of them are deleted where all come anew. -#}
{%- macro delete_rows(key, query) -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where {{ key }} in ({{ query }})
    {%- endif -%}
{%- endmacro -%}


{#- For a model's post-hook: it now knows all batches, or those that all the models know which it goes by. -#}
{%- macro include_batches(of=none) -%}
    {%- if execute and keeps_batches() -%}
        delete from included_batches where model = {{ sql_text(this.name) }};
        insert into included_batches
        select {{ sql_text(this.name) }}, coalesce({{ 'min' if of else 'max' }}(batch), 0), {{ rules() }}
        from {{ "included_batches where list_contains(" ~ sql_list(of) ~ ", model)" if of else "read_files" }}
    {%- endif -%}
{%- endmacro -%}


{#- Up to which batch the models of these names all know the records: a number, so that the rest is not even read. -#}
{%- macro included_by(names) -%}
    {{ return(ask_batches(
        "(select min(batch) from included_batches where list_contains(" ~ sql_list(names) ~ ", model))"
    ) or 0) }}
{%- endmacro -%}


{#- One value of the two tables, or none where no build has made them yet. -#}
{%- macro ask_batches(expression) -%}
    {%- if not execute or not keeps_batches()
        or not adapter.get_relation(target.database, target.schema, 'included_batches') -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(run_query("select " ~ expression).columns[0].values()[0]) }}
{%- endmacro -%}
