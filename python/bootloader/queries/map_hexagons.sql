-- One row per hexagon of the map with notified users in it, and what most of them have.
with

values_of_hexagons as (
    select
        hexagon,
        user_value(users, $color) as value,
        count(*) as users,
        count(fund_probability) as users_with_probability,
        sum(fund_probability) as expected_funders,
        mode(city || ', ' || state) as city
    from notified_users($campaign, $strategy, $filters, $size, $amount) as users
    where hexagon is not null
    group by hexagon, value
)

select
    hexagon.q as hexagon_q,
    hexagon.r as hexagon_r,
    hexagon_middle(hexagon, $hexagon_size).x as x,
    hexagon_middle(hexagon, $hexagon_size).y as y,
    cast(sum(users) as bigint) as users,
    sum(expected_funders) as expected_funders,
    sum(expected_funders) / nullif(sum(users_with_probability), 0) as fund_probability,
    arg_max(value, users) as value,
    max(users) / sum(users) as share_of_value,
    arg_max(city, users) as city
from values_of_hexagons
group by hexagon
order by users asc, hexagon_q asc, hexagon_r asc
