{#- Records of one id that differ by more are no delivery of the same event again. -#}
{%- set most_seconds_apart = 86400 -%}
{#- If more of the ids than this contradict themselves, they are no ids of events. -#}
{%- set most_contradictions = 0.1 -%}
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

shared_ids as (
    select
        session_id,
        event_name,
        source_event_id,
        count(distinct record_hash) as different_records,
        count(distinct category) > 1
        or count(distinct amount) > 1
        or max(client_time) - min(client_time) > {{ most_seconds_apart }} as is_contradicted
    from checked_records
    where source_event_id is not null
    group by session_id, event_name, source_event_id
    having count(*) > 1
),

ids_in_all as (
    select
        coalesce(
            sum(case when is_contradicted then 1 else 0 end)
            > {{ most_contradictions }} * count(*),
            false
        ) as are_contradicted
    from shared_ids
    where different_records > 1
),

event_ids as (
    select
        shared_ids.session_id,
        shared_ids.event_name,
        shared_ids.source_event_id
    from shared_ids
    cross join ids_in_all
    where not ids_in_all.are_contradicted and not shared_ids.is_contradicted
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
