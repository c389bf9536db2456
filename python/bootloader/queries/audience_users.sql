-- The notified users, the first first; with a hexagon of the map, only those in it.
select * replace (array_to_string(reasons, '; ') as reasons)
from notified_users($campaign, $strategy, $filters, $size, $amount)
where $hexagon_q is null or hexagon = struct_pack(q := $hexagon_q, r := $hexagon_r)
order by position asc
limit $max_users
