-- The part of the world that the map shows, in units of its projection: the United States where nearly all users
-- with coordinates live there, or else what holds nearly all of them, never less than a small country.
create table map_extent as
with

shares as (
    select
        count(albers_usa(longitude, latitude)) / nullif(count(longitude + latitude), 0) as share_in_usa,
        quantile_cont(mercator(longitude, latitude).x, [0.005, 0.995]) as across,
        quantile_cont(mercator(longitude, latitude).y, [0.005, 0.995]) as down
    from users
),

extents as (
    select
        coalesce(share_in_usa >= 0.95, true) as is_usa,
        (across[1] + across[2]) / 2 as middle_x,
        (down[1] + down[2]) / 2 as middle_y,
        1.1 * greatest(across[2] - across[1], 8) as width,
        1.1 * greatest(down[2] - down[1], 5) as height
    from shares
)

select
    if(is_usa, 'albers_usa', 'mercator') as projection,
    if(is_usa, 487.5, middle_x) as middle_x,
    if(is_usa, 305, middle_y) as middle_y,
    if(is_usa, 975, width) as width,
    if(is_usa, 610, height) as height,
    -- About 50 hexagons from side to side.
    if(is_usa, 975, greatest(width, 1.6 * height)) / 50 / sqrt(3) as hexagon_size
from extents;

-- Where each user is on that map, and in which hexagon. Users without a place there have no row.
create table user_places as
with

places as materialized (
    select
        users.session_id,
        map_place(map_extent.projection, users.longitude, users.latitude) as place,
        map_extent.hexagon_size
    from users
    cross join map_extent
)

select
    session_id,
    place.x as x,
    place.y as y,
    hexagon(place, hexagon_size) as hexagon
from places
where place is not null;
