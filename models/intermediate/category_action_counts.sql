with

events as (
    select * from {{ ref('snapshot_events') }}
),

actions as (
    select
        snapshot,
        session_id,
        category,
        event_name,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        case
            when event_name = {{ sql_text(var('fund_event')) }} then cast(amount as decimal(38, 6))
        end as amount_funded
    from events
),

category_action_counts as (
    select
        snapshot,
        session_id,
        category,
        count(*) filter (where event_name = {{ sql_text(var('fund_event')) }}) as funds,
        count(*) filter (where event_name = {{ sql_text(var('view_event')) }}) as views,
        cast(sum(amount_funded) as double) as amount_funded
    from actions
    group by snapshot, session_id, category
)

select * from category_action_counts
