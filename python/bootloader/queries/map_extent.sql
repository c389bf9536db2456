select
    projection,
    middle_x,
    middle_y,
    width,
    height,
    hexagon_size
from map_extent
