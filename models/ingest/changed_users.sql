-- A table: with its size known, DuckDB keeps to the few events of these users.
-- A build of users also notes the files that it read.
-- {{ ref('loaded_files') }}
with

versions as (
    {{ versions_of_users() }}
),

{% set has_all = built('user_versions') and built('users') and built('user_category_actions') -%}
{% if has_all and not flags.FULL_REFRESH -%}
rows_of_users as (
    {{ rows_of_users() }}
),

known as (
    select
        user_versions.session_id,
        user_versions.records_checksum,
        user_versions.rules
    from {{ built('user_versions') }} as user_versions
    -- Users with missing rows are computed again, whatever happened to the rows.
    inner join rows_of_users
        on
            user_versions.session_id = rows_of_users.session_id
            and user_versions.user_rows = rows_of_users.user_rows
),

changed_users as (
    select coalesce(versions.session_id, known.session_id) as session_id
    from versions
    full outer join known on versions.session_id = known.session_id
    where
        versions.records_checksum is distinct from known.records_checksum
        or versions.rules is distinct from known.rules
    union
    -- Rows of users without any record.
    select rows_of_users.session_id
    from rows_of_users
    anti join versions on rows_of_users.session_id = versions.session_id
)
{%- else -%}
changed_users as (
    select session_id from versions
)
{%- endif %}

select * from changed_users
