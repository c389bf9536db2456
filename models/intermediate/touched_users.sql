-- A table: with its size known, DuckDB keeps to the few events of these users.
{{ config(materialized=made_as('table'), post_hook='{{ include_batches() }}') }}

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
)

select * from touched_users
