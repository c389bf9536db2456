with

checked_records as (
    select * from {{ ref('checked_records') }}
    where validation_error is null
),

-- The records are read twice, here for their hashes alone: a common step would copy all columns.
shared_hashes as (
    select record_hash
    from checked_records
    group by record_hash
    having count(*) > 1
),

event_ids as (
    select * from {{ ref('shared_event_ids') }}
    where is_one_event
),

candidates as (
    select
        {%- for field in event_fields() %}
        records.{{ field }},
        {%- endfor %}
        records.event_key,
        records.source_event_id,
        records.record_hash,
        records.source_file,
        event_ids.source_event_id is not null as has_event_id
    from checked_records as records
    left join event_ids
        on
            records.session_id = event_ids.session_id
            and records.event_name = event_ids.event_name
            and records.source_event_id = event_ids.source_event_id
    where
        event_ids.source_event_id is not null
        or records.record_hash in (select shared_hashes.record_hash from shared_hashes)
),

duplicate_records as (
    select
        record_hash,
        {%- for field in event_fields() %}
        {{ field }},
        {%- endfor %}
        event_key,
        source_event_id,
        source_file,
        has_event_id,
        case
            when has_event_id
                then row_number() over (
                    partition by session_id, event_name, source_event_id, has_event_id
                    order by source_file, client_time, {{ event_fields() | join(', ') }}, event_key
                )
            -- The hash brings them together, the fields decide.
            else row_number() over (
                partition by {{ event_fields() | join(', ') }}, event_key, has_event_id
                order by source_file
            )
        end as duplicate_number
    from candidates
)

select * from duplicate_records
