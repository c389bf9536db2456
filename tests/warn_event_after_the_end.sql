-- Nobody would hear of a clock that is ahead. Where it is right after all, its events are missing
-- until those of others follow.
{{ config(severity='warn') }}

with

late_records as (
    select
        checked_records.source_file,
        min(end_of_events.end_at) as end_at,
        max(checked_records.client_time) as client_time,
        max_by(checked_records.session_id, checked_records.client_time) as session_id,
        count(*) as records
    from {{ ref('checked_records') }} as checked_records
    cross join {{ ref('end_of_events') }} as end_of_events
    where checked_records.validation_error = 'after the end of the events'
    group by checked_records.source_file
)

select
    source_file,
    concat(
        source_file, ': ', records, ' events lie after ', {{ epoch_to_timestamp('end_at') }},
        ' UTC, where the events end, the latest at ', {{ epoch_to_timestamp('client_time') }},
        ' UTC by session_id ', session_id,
        '. They do not count until other users have events of that time: check the clock.'
    ) as message
from late_records
