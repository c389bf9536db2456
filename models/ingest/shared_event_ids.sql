{#- Records of one id that differ by more are no delivery of the same event again. -#}
{%- set most_seconds_apart = 86400 -%}
{#- If more of the ids than this contradict themselves, they are no ids of events. -#}
{%- set most_contradictions = 0.1 -%}
with

checked_records as (
    select * from {{ ref('checked_records') }}
    where validation_error is null and source_event_id is not null
),

shared_ids as (
    select
        session_id,
        event_name,
        source_event_id,
        min(source_file) as source_file,
        count(*) as records,
        count(distinct record_hash) as different_records,
        count(distinct category) > 1
        or count(distinct amount) > 1
        or max(client_time) - min(client_time) > {{ most_seconds_apart }} as is_contradicted
    from checked_records
    group by session_id, event_name, source_event_id
    having count(*) > 1
),

in_all as (
    select
        coalesce(
            sum(case when is_contradicted then 1 else 0 end)
            > {{ most_contradictions }} * count(*),
            false
        ) as are_contradicted
    from shared_ids
    where different_records > 1
),

shared_event_ids as (
    select
        shared_ids.session_id,
        shared_ids.event_name,
        shared_ids.source_event_id,
        shared_ids.source_file,
        shared_ids.records,
        shared_ids.is_contradicted is false and in_all.are_contradicted is false as is_one_event,
        shared_ids.is_contradicted
    from shared_ids
    cross join in_all
)

select * from shared_event_ids
