-- Nothing is up to date before it is built. After that, each build says what it begins and ends.
{{ config(materialized='incremental', incremental_strategy='append', full_refresh=false) }}

with

outdated_models as (
    select unnest({{ sql_list(built_models() | map(attribute='unique_id')) }}) as unique_id
    {%- if is_incremental() %}
    where false
    {%- endif %}
)

select * from outdated_models
