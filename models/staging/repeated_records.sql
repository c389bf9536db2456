-- Of the records of new files, only those are looked at that another record may say as well, and so
-- it is with those that were withdrawn: another record may now be the only one, or the first.
{{
    config(
        materialized=made_as('incremental'),
        incremental_strategy='delete+insert',
        unique_key='record_hash',
        pre_hook="{{ delete_rows('record_hash', 'select record_hash from '
            ~ withdrawn_since(['repeated_records'])) }}",
        post_hook='{{ include_batches() }}'
    )
}}

with

-- The records are read twice, here for their hashes alone: a common step would copy all columns.
shared_hashes as (
    select record_hash
    from {{ ref('judged_records') }}
    where
        rejection_reason is null
    {%- if is_incremental() %}
        and record_hash in (
            select new_records.record_hash
            from {{ ref('judged_records') }} as new_records
            where new_records.batch > {{ included_by(['repeated_records']) }}
            -- Distinct, so that DuckDB takes these for the few that they are.
            union
            select withdrawn_records.record_hash
            from {{ withdrawn_since(['repeated_records']) }}
        )
        {%- endif %}
    group by record_hash
    having count(*) > 1
),

repeated_records as (
    select
        record_hash,
        {%- for field in event_fields() %}
        {{ field }},
        {%- endfor %}
        source_file,
        -- The hash brings them together, the fields decide.
        row_number() over (
            partition by {{ event_fields() | join(', ') }}
            order by source_file
        ) as copy_number
    from {{ ref('judged_records') }}
    where
        rejection_reason is null
        and record_hash in (select shared_hashes.record_hash from shared_hashes)
)

select * from repeated_records
