with

-- Until it was paid back, a funding was one. Now it is none.
events as (
    select
        session_id,
        category,
        event_name,
        client_time,
        amount,
        cast(null as bigint) as refund_time
    from {{ ref('events') }}
    union all
    select
        session_id,
        category,
        {{ sql_text(var('fund_event')) }} as event_name,
        funding_time as client_time,
        funding_amount as amount,
        client_time as refund_time
    from {{ ref('refunds') }}
    where has_funding
),

cutoffs as (
    select * from {{ ref('cutoffs') }}
),

actions as (
    select
        cutoffs.cutoff,
        events.session_id,
        events.category,
        events.event_name,
        events.client_time,
        events.amount,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        case
            when events.event_name = {{ sql_text(var('fund_event')) }}
                then cast(events.amount as decimal(38, 6))
        end as amount_funded,
        -- Several actions in one second are 0 seconds apart, in any order.
        events.client_time - lag(events.client_time) over (
            partition by cutoffs.cutoff, events.session_id, events.category
            order by events.client_time
        ) as interval_seconds
    from cutoffs
    inner join events
        on
            cutoffs.cutoff_at > events.client_time
            and (
                events.refund_time is null
                or (cutoffs.cutoff > 0 and cutoffs.cutoff_at <= events.refund_time)
            )
),

counted as (
    select
        cutoff,
        session_id,
        category,
        count(*) filter (where event_name = {{ sql_text(var('fund_event')) }}) as funds,
        count(*) filter (where event_name = {{ sql_text(var('view_event')) }}) as views,
        coalesce(avg(interval_seconds), 0) as interval_between_actions,
        cast(sum(amount_funded) as double) as amount_funded,
        sum(cast(amount as decimal(38, 6))) as amount,
        count(amount) as amounts,
        min(client_time) filter (where event_name = {{ sql_text(var('view_event')) }})
            as first_view_time,
        max(client_time) filter (where event_name = {{ sql_text(var('view_event')) }})
            as last_view_time,
        min(client_time) filter (where event_name = {{ sql_text(var('fund_event')) }})
            as first_fund_time,
        max(client_time) filter (where event_name = {{ sql_text(var('fund_event')) }})
            as last_fund_time
    from actions
    group by cutoff, session_id, category
),

category_actions as (
    select
        cutoff,
        session_id,
        category,
        funds,
        views,
        -- Both ratios are 0 where the divisor is 0, as in the reference notebook.
        coalesce(views / nullif(cast(funds as double), 0), 0) as views_per_funding,
        interval_between_actions,
        coalesce(funds / nullif(cast(views as double), 0), 0) as avg_conversion_ratio,
        amount_funded,
        amount,
        amounts,
        first_view_time,
        last_view_time,
        first_fund_time,
        last_fund_time
    from counted
)

select * from category_actions
