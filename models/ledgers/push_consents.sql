-- Who wants pushes: the latest word counts. Where it is not known which one that is, the user gets
-- no push.
with

push_events as (
    select * from {{ ref('push_events') }}
),

end_of_events as (
    select * from {{ ref('end_of_events') }}
),

words as (
    select
        push_events.session_id,
        push_events.kind,
        -- An opt-out without a time is older than its file.
        coalesce(push_events.client_time, push_events.file_time, end_of_events.end_at) as said_at
    from push_events
    cross join end_of_events
    where
        push_events.kind = 'opted_out'
        -- A clock that is ahead must not outlast later opt-outs.
        or (push_events.kind = 'opted_in' and push_events.client_time < end_of_events.end_at)
),

latest_words as (
    select
        session_id,
        max(said_at) filter (where kind = 'opted_out') as opted_out_at,
        max(said_at) filter (where kind = 'opted_in') as opted_in_at
    from words
    group by session_id
),

push_consents as (
    select
        session_id,
        coalesce(opted_out_at >= coalesce(opted_in_at, opted_out_at), false) as is_opted_out,
        make_timestamp(opted_out_at * 1000000) as opted_out_at,
        make_timestamp(opted_in_at * 1000000) as opted_in_at
    from latest_words
)

select * from push_consents
