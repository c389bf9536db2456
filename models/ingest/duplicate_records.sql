with

-- The records are read again and again, here for their hashes alone: a common step would copy all
-- columns.
shared_hashes as (
    select record_hash
    from {{ ref('checked_records') }}
    where validation_error is null
    group by record_hash
    having count(*) > 1
),

event_ids as (
    select * from {{ ref('shared_event_ids') }}
    where is_one_event
),

delivered_again as (
    select
        records.*,
        true as has_event_id
    from {{ ref('checked_records') }} as records
    semi join event_ids
        on
            records.session_id = event_ids.session_id
            and records.event_name = event_ids.event_name
            and records.source_event_id = event_ids.source_event_id
    where records.validation_error is null
),

said_again as (
    select
        records.*,
        false as has_event_id
    from {{ ref('checked_records') }} as records
    anti join event_ids
        on
            records.session_id = event_ids.session_id
            and records.event_name = event_ids.event_name
            and records.source_event_id = event_ids.source_event_id
    where
        records.validation_error is null
        and records.record_hash in (select shared_hashes.record_hash from shared_hashes)
),

candidates as (
    select * from delivered_again
    union all
    select * from said_again
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
