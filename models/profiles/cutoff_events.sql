with

events as (
    select * from {{ ref('events') }}
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
),

changed_users as (
    select * from {{ ref('changed_users') }}
),

cutoff_events as (
    -- Now is after all events, so there is nothing to compare.
    select
        0 as cutoff,
        {{ event_fields() | join(', ') }}
    from events
    union all
    select
        -1 as cutoff,
        {{ event_fields() | join(', ') }}
    from events
    where session_id in (select changed_users.session_id from changed_users)
    union all
    select
        cutoffs.cutoff,
        {{ for_each_column(event_fields(), 'events.{column}') }}
    from cutoffs
    inner join events on cutoffs.cutoff_at > events.client_time
    where cutoffs.cutoff > 0
)

select * from cutoff_events
