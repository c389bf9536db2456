-- Where a place is on a flat map. `albers_usa` is d3-geo's geoAlbersUsa at scale 1300 and translation
-- (487.5, 305), a map of 975 x 610 units with Alaska and Hawaii in insets, y pointing down:
-- https://github.com/d3/d3-geo/blob/main/src/projection/albersUsa.js (ISC license). The cones are
-- Albers' equal-area ones: Snyder, Map Projections, 1987, pages 98 to 103.
create macro cone(south, north) as (sin(radians(south)) + sin(radians(north))) / 2;

create macro cone_radius(latitude, south, north) as
    sqrt(
        greatest(
            1 + sin(radians(south)) * (2 * cone(south, north) - sin(radians(south)))
            - 2 * cone(south, north) * sin(radians(latitude)),
            0
        )
    ) / cone(south, north);

create macro cone_x(longitude, latitude, south, north) as
    cone_radius(latitude, south, north) * sin(cone(south, north) * radians(longitude));

create macro cone_y(longitude, latitude, south, north) as
    cone_radius(latitude, south, north) * cos(cone(south, north) * radians(longitude));

-- Degrees east of a meridian, from -180 to 180.
create macro degrees_from(longitude, meridian) as (longitude - meridian + 540) % 360 - 180;

create macro lower_48(longitude, latitude) as struct_pack(
    x := 487.5 + 1300 * (
        cone_x(degrees_from(longitude, -96), latitude, 29.5, 45.5) - cone_x(-0.6, 38.7, 29.5, 45.5)
    ),
    y := 305 + 1300 * (
        cone_y(degrees_from(longitude, -96), latitude, 29.5, 45.5) - cone_y(-0.6, 38.7, 29.5, 45.5)
    )
);

create macro alaska(longitude, latitude) as struct_pack(
    x := 487.5 - 0.307 * 1300 + 0.35 * 1300 * (
        cone_x(degrees_from(longitude, -154), latitude, 55, 65) - cone_x(-2, 58.5, 55, 65)
    ),
    y := 305 + 0.201 * 1300 + 0.35 * 1300 * (
        cone_y(degrees_from(longitude, -154), latitude, 55, 65) - cone_y(-2, 58.5, 55, 65)
    )
);

create macro hawaii(longitude, latitude) as struct_pack(
    x := 487.5 - 0.205 * 1300 + 1300 * (
        cone_x(degrees_from(longitude, -157), latitude, 8, 18) - cone_x(-3, 19.9, 8, 18)
    ),
    y := 305 + 0.212 * 1300 + 1300 * (
        cone_y(degrees_from(longitude, -157), latitude, 8, 18) - cone_y(-3, 19.9, 8, 18)
    )
);

-- Sides in shares of the scale from the middle of the map, as d3-geo has them.
create macro is_inside(place, west, north, east, south) as
    place.x between 487.5 + west * 1300 and 487.5 + east * 1300
    and place.y between 305 + north * 1300 and 305 + south * 1300;

-- Null outside the United States.
create macro albers_usa(longitude, latitude) as
    case
        when is_inside(lower_48(longitude, latitude), -0.455, -0.238, 0.455, 0.238)
            then lower_48(longitude, latitude)
        when is_inside(alaska(longitude, latitude), -0.425, 0.120, -0.214, 0.234)
            then alaska(longitude, latitude)
        when is_inside(hawaii(longitude, latitude), -0.214, 0.166, -0.115, 0.234)
            then hawaii(longitude, latitude)
    end;

-- Mercator's projection to 512 x 512 units, as maps on the web have it; the poles are cut off.
create macro mercator(longitude, latitude) as struct_pack(
    x := (longitude + 180) / 360 * 512,
    y := 256 - ln(tan(pi() / 4 + radians(greatest(least(latitude, 84), -84)) / 2)) * 256 / pi()
);

-- The western half of the world to the right of the eastern one, which takes 512 units.
create macro eastward(x, is_eastward) as if(is_eastward and x < 256, x + 512, x);

create macro map_place(projection, longitude, latitude) as
    case projection
        when 'albers_usa' then albers_usa(longitude, latitude)
        else mercator(longitude, latitude)
    end;

-- A honeycomb of hexagons with corners up and a radius of `size`: where the middle of one is, by its column q and row r.
create macro hexagon_middle(hexagon, size) as struct_pack(
    x := hexagon.q * sqrt(3) / 2 * size,
    y := hexagon.r * 1.5 * size
);

create macro squared_distance(one, other) as power(one.x - other.x, 2) + power(one.y - other.y, 2);

create macro nearer_hexagon(place, one, other, size) as
    case
        when
            squared_distance(place, hexagon_middle(one, size))
            <= squared_distance(place, hexagon_middle(other, size))
            then one
        else other
    end;

-- The hexagon that a place is in. Middles are two grids of rectangles, the even columns and rows and the odd
-- ones, each in the gaps of the other: the nearer middle of the two grids counts.
create macro hexagon(place, size) as
    nearer_hexagon(
        place,
        struct_pack(
            q := cast(2 * round(place.x / (sqrt(3) * size)) as integer),
            r := cast(2 * round(place.y / (3 * size)) as integer)
        ),
        struct_pack(
            q := cast(2 * floor(place.x / (sqrt(3) * size)) + 1 as integer),
            r := cast(2 * floor(place.y / (3 * size)) + 1 as integer)
        ),
        size
    );
