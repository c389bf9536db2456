{%- macro ask_python(function, question, is_needed=true) -%}
    {%- if not execute -%}{{ return({}) }}{%- endif -%}
    {%- set answer = run_query("select " ~ function ~ "(" ~ sql_text(tojson(question)) ~ ")") -%}
    {%- set answer = fromjson(answer.columns[0].values()[0]) -%}
    {%- if answer.problem and is_needed -%}
        {%- do exceptions.raise_compiler_error(answer.problem) -%}
    {%- endif -%}
    {{ return(answer) }}
{%- endmacro -%}
