{%- macro freshness(moment, cutoff_at) -%}
    coalesce({{ half_horizon() }} / ({{ half_horizon() }} + {{ cutoff_at }} - {{ moment }}), 0)
{%- endmacro -%}

{%- macro days_ago(freshness) -%}
    cast(floor({{ half_horizon() }} * (1 / nullif({{ freshness }}, 0) - 1) / 86400) as integer)
{%- endmacro -%}

{%- macro half_horizon() -%}
    cast({{ sql_number(var('horizon_days')) }} as double) * 43200
{%- endmacro -%}
