with

push_records as (
    select
        {{ user_of('records', 'aliases') }} as session_id,
        records.category,
        records.client_time,
        {{ blank_as_null(field_of_record('records.raw_event', 'push_id')) }} as push_id,
        records.push_kind as kind,
        records.file_time
    from {{ ref('validated_records') }} as records
    left join {{ ref('user_aliases') }} as aliases on records.session_id = aliases.alias_id
    where records.validation_error = 'push event'
),

push_events as (
    select
        push_id,
        session_id,
        kind,
        category,
        client_time,
        {{ epoch_to_timestamp('client_time') }} as occurred_at,
        -- Only an opt-out may be without a time. It is not later than its file, where that tells.
        case when client_time is null and count(file_time) = count(*) then max(file_time) end
            as file_time,
        count(*) as records
    from push_records
    group by push_id, session_id, kind, category, client_time
)

select * from push_events
