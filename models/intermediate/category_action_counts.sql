with

events as (
    select * from {{ ref('events') }}
),

category_action_counts as (
    select
        session_id,
        category,
        count(*) filter (where event_name = '{{ var("fund_event") }}') as funds,
        count(*) filter (where event_name = '{{ var("view_event") }}') as views,
        -- Summed as decimals: sums of floating numbers would depend on the order of the rows.
        cast(
            sum(cast(amount as decimal(38, 6)))
                filter (where event_name = '{{ var("fund_event") }}') as double
        ) as amount_funded
    from events
    group by session_id, category
)

select * from category_action_counts
