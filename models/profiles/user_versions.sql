-- Built last. A build that leaves out changed_users or one of the tables does not bring users up to
-- date, and this table stays as it was.
{%- set made_of = ['changed_users', 'duplicate_records', 'users', 'user_category_actions'] -%}
{%- set selected = selected_resources | map('replace', 'model.bootloader.', '') | list -%}
{%- set left_out = made_of | reject('in', selected) | list %}
-- depends_on: {{ ref('changed_users') }}, {{ ref('duplicate_records') }}
-- depends_on: {{ ref('users') }}, {{ ref('user_category_actions') }}
with

{% if execute and left_out and built('user_versions') -%}
user_versions as (
    select
        session_id,
        records_checksum,
        rules,
        user_rows
    from {{ this }}
)
{%- else -%}
versions as (
    {{ versions_of_users() }}
),

rows_of_users as (
    {{ rows_of_users() }}
),

user_versions as (
    select
        versions.session_id,
        versions.records_checksum,
        versions.rules,
        rows_of_users.user_rows
    from versions
    inner join rows_of_users on versions.session_id = rows_of_users.session_id
    {%- if execute and left_out %}
    where false
    {%- endif %}
)
{%- endif %}

select * from user_versions
