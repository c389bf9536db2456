-- The part of the world that the map shows, in units of its projection: the United States where nearly all users
-- with coordinates live there, or else what holds nearly all of them, never less than a small country.
create table map_extent as
with

shares as (
    select
        count(albers_usa(longitude, latitude)) / nullif(count(longitude + latitude), 0) as share_in_usa,
        quantile_cont(mercator(longitude, latitude).x, [0.005, 0.995]) as across_zero,
        quantile_cont(
            eastward(mercator(longitude, latitude).x, true), [0.005, 0.995]
        ) as across_antimeridian,
        quantile_cont(mercator(longitude, latitude).y, [0.005, 0.995]) as down
    from users
),

-- Where the users are on both sides of the antimeridian, as in Fiji, the map goes on beyond it.
sides as (
    select
        *,
        coalesce(
            across_antimeridian[2] - across_antimeridian[1] < (across_zero[2] - across_zero[1]) / 2,
            false
        ) as is_eastward,
        if(is_eastward, across_antimeridian, across_zero) as across
    from shares
),

extents as (
    select
        coalesce(share_in_usa >= 0.95, true) as is_usa,
        is_eastward,
        (across[1] + across[2]) / 2 as middle_x,
        (down[1] + down[2]) / 2 as middle_y,
        1.1 * greatest(across[2] - across[1], 8) as width,
        1.1 * greatest(down[2] - down[1], 5) as height
    from sides
)

select
    if(is_usa, 'albers_usa', 'mercator') as projection,
    if(is_usa, 487.5, middle_x) as middle_x,
    if(is_usa, 305, middle_y) as middle_y,
    if(is_usa, 975, width) as width,
    if(is_usa, 610, height) as height,
    not is_usa and is_eastward as is_eastward,
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
        map_extent.is_eastward,
        map_extent.hexagon_size
    from users
    cross join map_extent
)

select
    session_id,
    eastward(place.x, is_eastward) as x,
    place.y as y,
    hexagon(struct_pack(x := eastward(place.x, is_eastward), y := place.y), hexagon_size) as hexagon
from places
where place is not null;
