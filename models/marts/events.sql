-- A view: it only leaves out the refused records of a table that is there already.
{{ config(materialized='view') }}

with

judged_records as (
    select * from {{ ref('judged_records') }}
),

events as (
    select
        event_id,
        session_id,
        event_name,
        category,
        client_time,
        {{ epoch_to_timestamp('client_time') }} as occurred_at,
        amount,
        age,
        gender,
        marital_status,
        device,
        city,
        state,
        zip_code,
        latitude,
        longitude,
        source_file
    from judged_records
    where rejection_reason is null
)

select * from events
