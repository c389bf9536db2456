-- Clocks that are days ahead must not decide when now is. The three users, or the one in a
-- thousand, whose last events are the latest have no say. After the others, events may go on for as
-- long as it took for three times as many users before, and for a night.
with

excluded as (
    select session_id
    from {{ ref('user_exclusions') }}
    where scope = 'everything'
),

last_events as (
    select
        {{ user_of('records', 'aliases') }} as session_id,
        max(records.client_time) as client_time
    from {{ ref('validated_records') }} as records
    left join {{ ref('user_aliases') }} as aliases on records.session_id = aliases.alias_id
    where
        records.validation_error is null
        and {{ user_of('records', 'aliases') }} not in (select excluded.session_id from excluded)
    group by {{ user_of('records', 'aliases') }}
),

hours as (
    select
        cast(floor(client_time / 3600) as bigint) as event_hour,
        count(*) as users
    from last_events
    group by event_hour
),

counted as (
    select
        event_hour,
        sum(users) over (order by event_hour desc) as users_since,
        sum(users) over () as users_in_all,
        greatest(3, sum(users) over () / 1000.0) as few
    from hours
),

quantiles as (
    select
        max(users_in_all) as users_in_all,
        max(case when users_since > few then event_hour end) as last_hour,
        max(case when users_since > 4 * few then event_hour end) as earlier_hour
    from counted
),

end_of_events as (
    select
        case
            -- Few users tell nothing, and with as_of it is known when now is.
            when users_in_all >= 100 and {{ 'true' if as_of_second() is none else 'false' }}
                then cast((last_hour + (last_hour - earlier_hour) + 13) * 3600 as bigint)
            else cast({{ as_second(var('latest_client_time')) }} as bigint)
        end as end_at
    from quantiles
)

select * from end_of_events
