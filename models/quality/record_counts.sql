with

checked_records as (
    select * from {{ ref('checked_records') }}
),

record_counts as (
    select
        source_file,
        event_name,
        {{ business_date(epoch_to_timestamp('client_time')) }} as event_date,
        validation_error as reason,
        count(*) as records,
        count(case when has_unread_location then 1 end) as unread_locations,
        min(client_time) as first_client_time,
        max(client_time) as last_client_time,
        min(coalesce(rejected_value || ' in ', '') || substring(raw_event, 1, 200)) as example
    from checked_records
    group by source_file, event_name, event_date, validation_error
)

select * from record_counts
