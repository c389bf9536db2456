-- One clock that is days ahead must not decide when now is. The last three events, or one in a
-- thousand, have no say. After the others, events may go on for as long as it took for three times
-- as many before, and for a night.
with

hours as (
    select
        cast(floor(client_time / 3600) as bigint) as event_hour,
        count(*) as records
    from {{ ref('validated_records') }}
    where validation_error is null
    group by event_hour
),

counted as (
    select
        event_hour,
        sum(records) over (order by event_hour desc) as records_since,
        sum(records) over () as records_in_all,
        greatest(3, sum(records) over () / 1000.0) as few
    from hours
),

quantiles as (
    select
        max(records_in_all) as records_in_all,
        max(case when records_since > few then event_hour end) as last_hour,
        max(case when records_since > 4 * few then event_hour end) as earlier_hour
    from counted
),

end_of_events as (
    select
        case
            when records_in_all >= 100
                then cast((last_hour + (last_hour - earlier_hour) + 13) * 3600 as bigint)
            -- Few events tell nothing.
            else cast({{ var('latest_client_time') }} as bigint)
        end as end_at
    from quantiles
)

select * from end_of_events
