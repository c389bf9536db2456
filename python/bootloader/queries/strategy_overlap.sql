-- Who two strategies would notify with audiences of the same size: both of them, or one alone.
with

one as (
    select
        session_id,
        fund_probability
    from notified_users($campaign, $strategy, $filters, $size, $amount)
),

other as (
    select
        session_id,
        fund_probability
    from notified_users($campaign, $versus, $filters, $size, $amount)
)

select
    case
        when other.session_id is null then 'one'
        when one.session_id is null then 'other'
        else 'both'
    end as notified_by,
    count(*) as users,
    sum(coalesce(one.fund_probability, other.fund_probability)) as expected_funders
from one
full join other on one.session_id = other.session_id
group by notified_by
order by notified_by asc
