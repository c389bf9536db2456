with

-- The records are read twice, here for their hashes alone: a common step would copy all columns.
shared_hashes as (
    select record_hash
    from {{ ref('checked_records') }}
    where validation_error is null
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
        ) as duplicate_number
    from {{ ref('checked_records') }}
    where
        validation_error is null
        and record_hash in (select shared_hashes.record_hash from shared_hashes)
)

select * from duplicate_records
