with

accepted_records as (
    select * from {{ ref('accepted_records') }}
),

refunds as (
    select * from {{ ref('refunds') }}
),

events as (
    select
        {{ event_identity() }} as event_id,
        {%- for field in event_fields() %}
        {{ field }},
        {%- if field == 'client_time' %}
        {{ epoch_to_timestamp('client_time') }} as occurred_at,
        {%- endif %}
        {%- endfor %}
        accepted_records.source_file
    from accepted_records
    -- What was paid back was no funding.
    anti join refunds on accepted_records.record_hash = refunds.refunded_hash
)

select * from events
