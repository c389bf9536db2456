"""From the notified users to a map: pure functions, no Streamlit, no SQL.

All positions are flat ones, projected in SQL, and the view is orthographic: the map asks no server
for tiles, and shows Alaska and Hawaii in insets.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pydeck as pdk

from bootloader.app.theme import Color, Theme, between, css

# The layers that a reader can select from.
USERS = "users"
HEXAGONS = "hexagons"
STATES = "states"

OTHER = "All others"

# Where the colors of probabilities change.
PROBABILITY_STEPS = (0.1, 0.25, 0.5, 0.75)
PROBABILITY_LABELS = ("under 10%", "10 to 25%", "25 to 50%", "50 to 75%", "75% and more")
NO_PROBABILITY = "Unknown"

# With fewer users, how likely a state's users are to fund is mostly noise.
FEW_USERS = 30

# The smallest hexagon is still to be seen, as a share of a full one; one in twenty is full.
_SMALLEST_HEXAGON = 0.45
_FULL_HEXAGONS_FROM = 0.95

# Letters of city names are this high on the screen; names of states a bit higher.
_CITY_PIXELS, _STATE_PIXELS = 10, 11
# In units of Mercator's projection, as in projections.sql.
_WORLD_WIDTH = 512


@dataclass(frozen=True)
class Extent:
    """The part of a flat map that is shown first, in units of its projection, y pointing down."""

    projection: str
    middle_x: float
    middle_y: float
    width: float
    height: float
    hexagon_size: float

    @property
    def is_usa(self) -> bool:
        """Whether it is the map of the United States, with states to shade."""
        return self.projection == "albers_usa"

    def zoom(self, pixels: tuple[int, int]) -> float:
        """Return how close the extent fills so many pixels, in deck.gl's steps of two."""
        return math.log2(0.98 * min(pixels[0] / self.width, pixels[1] / self.height))


class CompactDeck(pdk.Deck):
    """A deck whose JSON has no indentation, which is most of the size of a map of many points."""

    def to_json(self) -> str:
        """Return the deck as one line of JSON."""
        return json.dumps(json.loads(super().to_json()), separators=(",", ":"))


def value_colors(values: pd.Series, theme: Theme) -> dict[str, Color]:
    """Give the most frequent values a color each; whatever the filters are, it stays theirs.

    Args:
        values: the values of an attribute that all users have, the most frequent one first.
    """
    return dict(zip(values, theme.values, strict=False))


def probability_labels(probabilities: pd.Series) -> pd.Series:
    """Return what the legend calls each probability from 0 to 1."""
    steps = np.searchsorted(PROBABILITY_STEPS, probabilities.fillna(0), side="right")
    labels = pd.Series(PROBABILITY_LABELS).reindex(steps).set_axis(probabilities.index)
    return labels.where(probabilities.notna(), NO_PROBABILITY)


def probability_colors(theme: Theme) -> dict[str, Color]:
    """Return the color of each step of the probability, the lowest first."""
    return dict(zip(PROBABILITY_LABELS, theme.probabilities, strict=True))


def legend(
    counts: pd.Series, colors: dict[str, Color], theme: Theme, *, is_sorted: bool
) -> list[dict]:
    """Say what the colors mean, and how many notified users each stands for.

    Args:
        counts: how many users each value has, by value.
        colors: the color of each value; other values share one.
        is_sorted: whether values are shown in the order of their names rather than of the colors.
    """
    # Values are in the order of their names where each has a color of its own.
    rest = counts.drop(list(colors), errors="ignore")
    if is_sorted and rest.empty:
        colors = dict(sorted(colors.items()))
    entries = [
        {"label": value, "users": int(counts[value]), "color": css(color)}
        for value, color in colors.items()
        if value in counts.index
    ]
    if len(rest):
        label = rest.index[0] if len(rest) == 1 else OTHER
        entries.append({"label": label, "users": int(rest.sum()), "color": css(theme.quiet)})
    return entries


def points_layer(
    users: pd.DataFrame, labels: pd.Series, colors: dict[str, Color], theme: Theme
) -> pdk.Layer:
    """Draw one dot per user, in the order of the rows.

    Args:
        users: columns x, y, position, fund_probability, city, state; the one to be on top last.
        labels: what decides the color, by the same index.
        colors: the color of each label; others share one.
    """
    data = pd.DataFrame(
        {
            "p": _positions(users["x"], users["y"]),
            "c": _colors(labels, colors, theme, 225),
            "r": users["position"],
            "t": [_dot_in_words(user) for user in users.itertuples()],
        }
    )
    return pdk.Layer(
        "ScatterplotLayer",
        data=data,
        id=USERS,
        pickable=True,
        auto_highlight=True,
        stroked=True,
        get_position="p",
        get_fill_color="c",
        get_line_color=list(theme.border),
        get_radius=3.5,
        radius_units="pixels",
        get_line_width=0.5,
        line_width_units="pixels",
    )


def hexagons_layer(
    hexagons: pd.DataFrame,
    labels: pd.Series,
    colors: dict[str, Color],
    size: float,
    theme: Theme,
    title: str | None = None,
) -> pdk.Layer:
    """Draw one hexagon per cell of a honeycomb: the area tells how many users, the color which.

    Args:
        hexagons: columns x, y (their middles), hexagon_q, hexagon_r, users, fund_probability,
            expected_funders, city, and value with share_of_value: what most of them have.
        labels: what decides the color, by the same index.
        colors: the color of each label; others share one.
        size: the radius of a full hexagon in units of the map.
        title: the attribute that the values are of, to be told; None tells none.
    """
    # A few large cities would make all other hexagons small: those are full alike.
    full = hexagons["users"].quantile(_FULL_HEXAGONS_FROM)
    radius = size * ((hexagons["users"] / full) ** 0.5).clip(_SMALLEST_HEXAGON, 1).to_numpy()
    angles = np.radians(np.arange(6) * 60 - 30)
    corners = np.stack(
        [
            hexagons["x"].to_numpy()[:, None] + radius[:, None] * np.cos(angles),
            hexagons["y"].to_numpy()[:, None] + radius[:, None] * np.sin(angles),
        ],
        axis=2,
    )
    data = pd.DataFrame(
        {
            "p": corners.round(1).tolist(),
            "c": _colors(labels, colors, theme, 235),
            "q": hexagons["hexagon_q"],
            "r": hexagons["hexagon_r"],
            "t": [_hexagon_in_words(cell, title) for cell in hexagons.itertuples()],
        }
    )
    return pdk.Layer(
        "PolygonLayer",
        data=data,
        id=HEXAGONS,
        pickable=True,
        auto_highlight=True,
        stroked=True,
        get_polygon="p",
        get_fill_color="c",
        get_line_color=list(theme.border),
        get_line_width=0.7,
        line_width_units="pixels",
    )


def state_shades(states: pd.DataFrame, shade: str) -> pd.Series:
    """Return how dark each state is, from 0 to 1, by state; states with too few users are missing.

    Args:
        states: columns state, all_users, expected_funders, lift.
        shade: "funders" or "lift".
    """
    by_state = states.set_index("state")
    if shade == "lift":
        lift = by_state.loc[by_state["all_users"] >= FEW_USERS, "lift"].dropna()
        # Half as likely as everybody is the lightest, twice as likely the darkest.
        return ((np.log2(lift.clip(lower=1e-9)) + 1) / 2).clip(0, 1)
    funders = by_state["expected_funders"].fillna(0)
    return (funders / max(funders.max(), 1e-9)) ** 0.5


def states_layer(states: pd.DataFrame, shade: str, theme: Theme) -> pdk.Layer:
    """Draw the states, shaded by what they bring, with their figures to point at.

    Args:
        states: one row per postal code: state, all_users, users, expected_funders, lift.
        shade: what they are shaded by, see :func:`state_shades`.
    """
    shares = state_shades(states, shade)
    rows = states.set_index("state")
    features = []
    for outline in us_map()["features"]:
        state = outline["properties"]["state"]
        color = between(*theme.states, shares.get(state, 0.0))
        text = f"{outline['properties']['name']}: no users"
        if state in rows.index:
            row = rows.loc[state]
            text = (
                f"{outline['properties']['name']}: "
                f"{int(row['users']):,} of {int(row['all_users']):,} users\n"
                f"{row['expected_funders']:,.1f} expected funders"
            )
            if row["all_users"] >= FEW_USERS and pd.notna(row["lift"]):
                text += f"\n{row['lift']:.2f}x as likely to fund as everybody"
        features.append(
            {
                "type": "Feature",
                "geometry": outline["geometry"],
                "properties": {"s": state, "t": text, "c": color},
            }
        )
    return _outlines(features, STATES, theme, pickable=True, get_fill_color="properties.c")


def world_layer(extent: Extent, theme: Theme) -> pdk.Layer:
    """Draw the countries that reach into an extent of Mercator's projection."""
    west, east = extent.middle_x - extent.width, extent.middle_x + extent.width
    north, south = extent.middle_y - extent.height, extent.middle_y + extent.height
    # The world once more to the right: a map across the antimeridian goes on there.
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [
                    [[[x + offset, y] for x, y in ring] for ring in polygon]
                    for polygon in feature["geometry"]["coordinates"]
                ],
            },
        }
        for feature in world_map()["features"]
        for offset in (0, _WORLD_WIDTH)
        if any(
            west <= x + offset <= east and north <= y <= south
            for polygon in feature["geometry"]["coordinates"]
            for x, y in polygon[0]
        )
    ]
    return _outlines(
        features, "countries", theme, pickable=False, get_fill_color=list(theme.states[0])
    )


def names_layers(theme: Theme, *, with_cities: bool) -> list[pdk.Layer]:
    """Write the names of the states that have room for one, and of large cities."""
    states = [
        {"p": state["properties"]["label"], "t": state["properties"]["state"]}
        for state in us_map()["features"]
        if "label" in state["properties"]
    ]
    layers = [_names("state-names", states, size=_STATE_PIXELS, color=(*theme.quiet, 230))]
    if with_cities:
        cities = [{"p": city["position"], "t": city["name"]} for city in us_map()["cities"]]
        color = (*theme.text, 255)
        layers.append(_names("city-names", cities, size=_CITY_PIXELS, color=color, offset=-8))
    return layers


def marks_layer(marked: pd.DataFrame, layer_id: str, theme: Theme) -> pdk.Layer:
    """Draw a ring around users that are to be found: columns x and y."""
    return pdk.Layer(
        "ScatterplotLayer",
        data=pd.DataFrame({"p": _positions(marked["x"], marked["y"])}),
        id=layer_id,
        pickable=False,
        stroked=True,
        filled=False,
        get_position="p",
        get_line_color=list(theme.marked),
        get_radius=9,
        radius_units="pixels",
        get_line_width=3,
        line_width_units="pixels",
    )


def audience_deck(layers: list[pdk.Layer], extent: Extent, pixels: tuple[int, int]) -> CompactDeck:
    """Put layers on a flat map that fills so many pixels.

    Args:
        layers: the one at the bottom first; what is pointed at shows its ``t``.
        pixels: width and height of the map on the screen.
    """
    return CompactDeck(
        layers=layers,
        views=[pdk.View(type="OrthographicView", controller=True)],
        map_provider=None,
        initial_view_state={
            "target": [round(extent.middle_x, 2), round(extent.middle_y, 2), 0],
            "zoom": round(extent.zoom(pixels), 2),
            "minZoom": round(extent.zoom(pixels) - 1, 2),
            "maxZoom": round(extent.zoom(pixels) + 8, 2),
        },
        tooltip={
            "html": "{t}",
            "style": {
                "fontSize": "12px",
                "backgroundColor": "#1f2a36",
                "color": "#ffffff",
                "whiteSpace": "pre-line",
                "borderRadius": "4px",
                "zIndex": "2",
            },
        },
    )


def _dot_in_words(user: Any) -> str:
    lines = [f"No. {user.position:,}"]
    if pd.notna(user.fund_probability):
        lines.append(f"{user.fund_probability:.0%} likely to fund")
    place = (user.city, user.state)
    lines.append(", ".join(name for name in place if isinstance(name, str)) or "unknown place")
    return "\n".join(lines)


def _hexagon_in_words(cell: Any, title: str | None) -> str:
    place = cell.city if isinstance(cell.city, str) else "here"
    lines = [f"{cell.users:,} users around {place}"]
    if pd.notna(cell.expected_funders):
        lines.append(f"{cell.expected_funders:,.1f} expected funders")
    if title:
        lines.append(f"{title}: mostly {cell.value} ({cell.share_of_value:.0%})")
    return "\n".join(lines)


def _outlines(features: list[dict], layer_id: str, theme: Theme, **kwargs: object) -> pdk.Layer:
    return pdk.Layer(
        "GeoJsonLayer",
        data={"type": "FeatureCollection", "features": features},
        id=layer_id,
        stroked=True,
        filled=True,
        get_line_color=list(theme.border),
        line_width_min_pixels=1,
        **kwargs,
    )


def _names(
    layer_id: str, names: list[dict], *, size: int, color: tuple, offset: int = 0
) -> pdk.Layer:
    return pdk.Layer(
        "TextLayer",
        data=names,
        id=layer_id,
        pickable=False,
        get_position="p",
        get_text="t",
        get_size=size,
        get_color=list(color),
        get_pixel_offset=[0, offset],
        font_family=pdk.types.String("Source Sans, sans-serif"),
        font_settings={"fontSize": 24, "buffer": 3},
    )


def _colors(
    labels: pd.Series, colors: dict[str, Color], theme: Theme, opacity: int
) -> list[list[int]]:
    """Return red, green, blue and opacity of each label."""
    return [[*colors.get(label, theme.quiet), opacity] for label in labels]


def _positions(x: pd.Series, y: pd.Series) -> list[list[float]]:
    """Return pairs of map units, to a tenth: less than a pixel."""
    return np.column_stack([x, y]).astype(float).round(1).tolist()


@cache
def us_map() -> dict:
    """Return the states and large cities of the United States in flat coordinates."""
    return json.loads(resources.files(__package__).joinpath("us_map.json").read_text())


@cache
def world_map() -> dict:
    """Return the countries of the world in flat coordinates."""
    return json.loads(resources.files(__package__).joinpath("world_map.json").read_text())
