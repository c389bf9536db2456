-- A table: with its size known, DuckDB keeps to the few events of these users.
{#- Where everybody is computed anew, nobody has to be listed. -#}
{%- set all_anew = lacks_old_batches('users') and lacks_old_batches('user_category_actions') -%}
{{
    config(
        materialized=made_as('table'),
        post_hook='{{ include_batches() }}',
        meta={'always_built': true}
    )
}}

with

judged_records as (
    select * from {{ ref('judged_records') }}
),

touched_users as (
    select distinct session_id
    from judged_records
    where
        rejection_reason is null
        and batch > {{ included_by(['users', 'user_category_actions']) }}
        and {{ 'false' if all_anew else 'true' }}
    {%- if not all_anew %}
    union
    select session_id
    from {{ withdrawn_since(['users', 'user_category_actions']) }}
        and record_hash is not null
    {%- endif %}
)

select * from touched_users
