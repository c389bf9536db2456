with

push_records as (
    select
        session_id,
        category,
        client_time,
        {{ blank_as_null(field_of_record('raw_event', 'push_id')) }} as push_id,
        case event_name
            {%- for kind, name in push_event_kinds().items() %}
            when {{ sql_text(name) }} then '{{ kind }}'
            {%- endfor %}
        end as kind
    from {{ ref('validated_records') }}
    where validation_error = 'push event'
),

push_events as (
    select
        push_id,
        session_id,
        kind,
        category,
        client_time,
        {{ epoch_to_timestamp('client_time') }} as occurred_at,
        count(*) as records
    from push_records
    group by push_id, session_id, kind, category, client_time
)

select * from push_events
