{#-
    After --full-refresh, which writes every table anew beside the old one, put a copy without the dead space in the
    warehouse's place. The last thing that a build does: what is written to the old file from here on would be lost.
-#}
{%- macro compact_warehouse(results) -%}
    {%- if execute and flags.FULL_REFRESH and flags.WHICH in ('build', 'run') and is_good(results) -%}
        {%- set unfinished = target.path ~ '.' ~ invocation_id ~ '.tmp' -%}
        {%- do run_query("checkpoint") -%}
        {%- do run_query("attach " ~ sql_text(unfinished) ~ " as compacted") -%}
        {%- do run_query("copy from database " ~ adapter.quote(target.database) ~ " to compacted") -%}
        {%- do run_query("detach compacted") -%}
        {%- do run_query("select replace_file(" ~ sql_text(unfinished) ~ ", " ~ sql_text(target.path) ~ ")") -%}
    {%- endif -%}
{%- endmacro -%}
