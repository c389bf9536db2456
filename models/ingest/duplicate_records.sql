-- The linter indents a condition in one way in a first build, and in another in the next one.
-- noqa: disable=LT02
-- depends_on: {{ ref('changed_users') }}
-- Copies of an event say the same in every field, so they are all of the same user.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        pre_hook='{{ delete_changed_users() }}',
        full_refresh=target.type == 'spark' or none
    )
}}

with

-- The records are read twice, here for their hashes alone: a common step would copy all columns.
shared_hashes as (
    select record_hash
    from {{ ref('checked_records') }}
    where
        validation_error is null
    {%- if is_incremental() %}
        and session_id in (
            select changed_users.session_id from {{ ref('changed_users') }} as changed_users
        )
    {%- endif %}
    group by record_hash
    having count(*) > 1
),

duplicate_records as (
    select
        record_hash,
        {%- for field in event_fields() %}
        {{ field }},
        {%- endfor %}
        event_key,
        source_file,
        -- The hash brings them together, the fields decide.
        row_number() over (
            partition by {{ event_fields() | join(', ') }}, event_key
            order by source_file
        ) as copy_number
    from {{ ref('checked_records') }}
    where
        validation_error is null
        and record_hash in (select shared_hashes.record_hash from shared_hashes)
    {%- if is_incremental() %}
        and session_id in (
            select changed_users.session_id from {{ ref('changed_users') }} as changed_users
        )
    {%- endif %}
)

select * from duplicate_records
