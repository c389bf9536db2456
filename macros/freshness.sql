{#-
    How recent a moment is as of a cutoff: 1 for now, a half for half a horizon ago, 0 for never.
    Both in UNIX seconds.
-#}
{%- macro freshness(moment, cutoff_at) -%}
    coalesce({{ half_horizon() }} / ({{ half_horizon() }} + {{ cutoff_at }} - {{ moment }}), 0)
{%- endmacro -%}

{#- How many whole days ago that was; null for never. -#}
{%- macro days_ago(freshness) -%}
    cast(floor({{ half_horizon() }} * (1 / nullif({{ freshness }}, 0) - 1) / 86400) as integer)
{%- endmacro -%}

{#- In seconds. -#}
{%- macro half_horizon() -%}
    cast({{ sql_number(var('horizon_days')) }} as double) * 43200
{%- endmacro -%}
