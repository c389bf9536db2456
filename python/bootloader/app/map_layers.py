"""From a frame of users to a map: pure functions, no Streamlit, no SQL."""

import json
from functools import cache
from importlib import resources
from urllib.parse import quote

import numpy as np
import pandas as pd
import pydeck as pdk

# Okabe and Ito's palette, which people with any kind of colour blindness can tell apart.
PALETTE = [
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167),
    (213, 94, 0), (86, 180, 233), (240, 228, 66),
]  # fmt: skip
OTHER_COLOUR = (120, 120, 120)
REFERENCE_COLOUR = (0, 0, 0)

# The layers that a user can select from.
USERS = "users"
CELLS = "cells"

# How large the circle of the fullest cell is.
_LARGEST_CELL_METRES = 60_000

OTHER = "All others"
UNKNOWN = "Unknown"

# What the tooltips tell, by the short names that the map's data have: each stands once per point.
USER_TOOLTIP = {
    "r": "Rank",
    "p": "Probability to fund",
    "a": "Age",
    "g": "Gender",
    "m": "Marital status",
    "d": "Device",
    "w": "Place",
}
CELL_TOOLTIP = {
    "w": "Around",
    "u": "Users",
    "v": "Most of them",
    "f": "Expected funders",
}

SEA = (223, 231, 238)

# A style without tiles, so that the map asks no server for anything.
_BACKGROUND = {
    "version": 8,
    "sources": {},
    "layers": [
        {
            "id": "background",
            "type": "background",
            "paint": {"background-color": f"rgb{SEA}"},
        }
    ],
}
MAP_STYLE = "data:application/json," + quote(json.dumps(_BACKGROUND))


class CompactDeck(pdk.Deck):
    """A deck whose JSON has no indentation, which is most of the size of a map of many points."""

    def to_json(self) -> str:
        """Return the deck as one line of JSON."""
        return json.dumps(json.loads(super().to_json()), separators=(",", ":"))


def legend(counts: pd.Series) -> pd.DataFrame:
    """Give the most frequent values a colour each, and the rest one colour together.

    Args:
        counts: how many users each value has, by value.

    Returns:
        One row per entry of the legend: value, users, red, green, blue. Frequent values come
        first, in the order of their names where they all have a colour of their own.
    """
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    named, rest = counts.iloc[: len(PALETTE)], counts.iloc[len(PALETTE) :]
    if rest.empty:
        named = named.sort_index()
    rows = [
        (value, users, *colour)
        for (value, users), colour in zip(named.items(), PALETTE, strict=False)
    ]
    if not rest.empty:
        rows.append((OTHER, rest.sum(), *OTHER_COLOUR))
    return pd.DataFrame(rows, columns=["value", "users", "red", "green", "blue"])


def users_layer(users: pd.DataFrame, colour_by: str, entries: pd.DataFrame) -> pdk.Layer:
    """Draw one point per user with coordinates.

    Args:
        users: one row per user with score_rank, fund_probability, attributes, and coordinates in
            degrees.
        colour_by: the column of ``users`` that decides the colour.
        entries: the legend, as :func:`legend` returns it.
    """
    shown = users.dropna(subset=["latitude", "longitude"])
    frame = pd.DataFrame(
        {
            "x": _positions(shown["longitude"], shown["latitude"]),
            "c": _colours(shown[colour_by], entries),
            "r": shown["score_rank"],
            "p": shown["fund_probability"].map("{:.1%}".format, na_action="ignore"),
            "a": shown["age"],
            "g": shown["gender_cleaned"],
            "m": shown["marital_status"],
            "d": shown["device"],
            "w": shown["city"].fillna(UNKNOWN) + ", " + shown["state"].fillna(UNKNOWN),
        }
    )
    return _circles(
        USERS,
        _as_texts(frame, USER_TOOLTIP),
        get_radius=6000,
        radius_min_pixels=3,
        radius_max_pixels=9,
    )


def cells_layer(cells: pd.DataFrame, degrees: float, entries: pd.DataFrame) -> pdk.Layer:
    """Draw one circle per cell of a grid: its size says how many users, its colour what most are.

    Args:
        cells: one row per cell and value with west and south (the cell's corner in degrees), place,
            value, users and expected_funders.
        degrees: the length of a cell's sides.
        entries: the legend, as :func:`legend` returns it.
    """
    placed = cells.dropna(subset=["west", "south"])
    biggest = placed.sort_values("users", ascending=False, kind="stable")
    biggest = biggest.drop_duplicates(["west", "south"]).set_index(["west", "south"])
    totals = placed.groupby(["west", "south"])[["users", "expected_funders"]].sum(min_count=1)
    totals = totals.sort_values("users", ascending=False, kind="stable")
    biggest = biggest.loc[totals.index]
    west, south = (totals.index.get_level_values(side) for side in ("west", "south"))
    share = biggest["users"] / totals["users"]
    frame = pd.DataFrame(
        {
            "x": _positions(west + degrees / 2, south + degrees / 2),
            "c": _colours(biggest["value"], entries),
            # The area of a circle is in proportion to the users of its cell.
            "s": (totals["users"] / totals["users"].max()) ** 0.5 * _LARGEST_CELL_METRES,
            "w": biggest["place"],
            "u": totals["users"].map("{:,}".format),
            "v": biggest["value"] + share.map(" ({:.0%})".format).astype(str),
            "f": totals["expected_funders"].map("{:,.0f}".format, na_action="ignore"),
        }
    ).round({"s": 0})
    return _circles(
        CELLS,
        _as_texts(frame.reset_index(), CELL_TOOLTIP),
        get_radius="s",
        radius_min_pixels=2,
    )


def _circles(layer_id: str, data: pd.DataFrame, **sizes: object) -> pdk.Layer:
    """Return circles that can be selected, at the positions x and in the colours c of the data."""
    return pdk.Layer(
        "ScatterplotLayer",
        data=data,
        id=layer_id,
        pickable=True,
        auto_highlight=True,
        opacity=0.65,
        get_position="x",
        get_fill_color="c",
        **sizes,
    )


def _positions(longitudes: pd.Series, latitudes: pd.Series) -> list[list[float]]:
    """Return pairs of degrees, to the metre or so that a screen can show."""
    return np.column_stack([longitudes, latitudes]).round(4).tolist()


def _colours(values: pd.Series, entries: pd.DataFrame) -> list:
    named = entries.head(len(PALETTE))
    colours = dict(
        zip(named["value"], named[["red", "green", "blue"]].values.tolist(), strict=True)
    )
    return [colours.get(value, OTHER_COLOUR) for value in values.fillna(UNKNOWN)]


def _as_texts(frame: pd.DataFrame, tooltip: dict[str, str]) -> pd.DataFrame:
    return frame.assign(
        **{name: frame[name].astype(object).fillna(UNKNOWN).map(as_text) for name in tooltip}
    )


def as_text(value: object) -> object:
    """Keep deck.gl from taking a text of the data for an expression, which begins with @@."""
    return "\u200b" + value if isinstance(value, str) and value.startswith("@@") else value


def campaign_deck(layer: pdk.Layer, reference: pd.DataFrame, zoom: float) -> CompactDeck:
    """Draw users on the states, with the reference user marked.

    Args:
        layer: the users, one by one or by cells, as :func:`users_layer` or :func:`cells_layer`
            draws them.
        reference: the user that the others are compared with, one row with longitude and latitude
            in degrees, or none.
        zoom: how close the map is at first, in deck.gl's steps of two.
    """
    layers = [
        pdk.Layer(
            "GeoJsonLayer",
            data=us_states(),
            id="states",
            pickable=False,
            stroked=True,
            filled=True,
            get_fill_color=[248, 249, 250],
            get_line_color=[160, 170, 180],
            line_width_min_pixels=1,
        ),
        layer,
        pdk.Layer(
            "ScatterplotLayer",
            data=reference.dropna(subset=["latitude", "longitude"])[["longitude", "latitude"]],
            id="reference",
            pickable=False,
            stroked=True,
            filled=False,
            get_position=["longitude", "latitude"],
            get_line_color=list(REFERENCE_COLOUR),
            get_radius=20000,
            radius_min_pixels=9,
            line_width_min_pixels=3,
        ),
    ]
    rows = "".join(
        f"<tr><td>{label}&nbsp;</td><td>{{{name}}}</td></tr>"
        for name, label in (CELL_TOOLTIP if layer.id == CELLS else USER_TOOLTIP).items()
    )
    return CompactDeck(
        layers=layers,
        initial_view_state=pdk.ViewState(latitude=38.5, longitude=-96.5, zoom=zoom, min_zoom=1),
        map_style=MAP_STYLE,
        tooltip={
            "html": f"<table>{rows}</table>",
            "style": {"fontSize": "12px", "backgroundColor": "#1f2a36", "color": "#ffffff"},
        },
    )


@cache
def us_states() -> dict:
    """Return the fifty states and the District of Columbia as GeoJSON, simplified."""
    return json.loads(resources.files(__package__).joinpath("us_states.geojson").read_text())
