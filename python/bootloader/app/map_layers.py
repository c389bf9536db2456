"""From a frame of users to a map: pure functions, no Streamlit, no SQL."""

import html
import json
from functools import cache
from importlib import resources
from urllib.parse import quote

import pandas as pd
import pydeck as pdk

# Okabe and Ito's palette, which people with any kind of colour blindness can tell apart.
PALETTE = [
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167),
    (213, 94, 0), (86, 180, 233), (240, 228, 66),
]  # fmt: skip
OTHER_COLOUR = (120, 120, 120)
REFERENCE_COLOUR = (0, 0, 0)

OTHER = "All others"
UNKNOWN = "Unknown"

TOOLTIP_COLUMNS = {
    "score_rank": "Rank",
    "score": "Score",
    "fund_probability": "Probability to fund",
    "age": "Age",
    "gender_cleaned": "Gender",
    "marital_status": "Marital status",
    "device": "Device",
    "place": "Place",
    "reasons": "Why",
    "session_id": "User",
}

# A style without tiles, so that the map asks no server for anything.
_BACKGROUND = {
    "version": 8,
    "sources": {},
    "layers": [
        {"id": "background", "type": "background", "paint": {"background-color": "#dfe7ee"}}
    ],
}
MAP_STYLE = "data:application/json," + quote(json.dumps(_BACKGROUND))


class CompactDeck(pdk.Deck):
    """A deck whose JSON has no indentation, which is most of the size of a map of many points."""

    def to_json(self) -> str:
        """Return the deck as one line of JSON."""
        return json.dumps(json.loads(super().to_json()), separators=(",", ":"))


def legend(values: pd.Series) -> pd.DataFrame:
    """Give the most frequent values a colour each, and the rest one colour together.

    Args:
        values: one value per user; a missing one counts as unknown.

    Returns:
        One row per entry of the legend: value, users, red, green, blue. Frequent values come
        first, in the order of their names where they all have a colour of their own.
    """
    counts = values.fillna(UNKNOWN).value_counts()
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


def points(users: pd.DataFrame, colour_by: str, entries: pd.DataFrame) -> pd.DataFrame:
    """Return what the map needs of each user with coordinates: position, colour, tooltip texts."""
    shown = users.dropna(subset=["latitude", "longitude"])
    named = entries.head(len(PALETTE))
    colours = dict(
        zip(named["value"], named[["red", "green", "blue"]].values.tolist(), strict=True)
    )
    places = shown["city"].fillna(UNKNOWN) + ", " + shown["state"].fillna(UNKNOWN)
    frame = pd.DataFrame(
        {
            "position": shown[["longitude", "latitude"]].to_numpy().tolist(),
            "colour": [
                colours.get(value, OTHER_COLOUR) for value in shown[colour_by].fillna(UNKNOWN)
            ],
        },
        index=shown.index,
    )
    probabilities = shown["fund_probability"].map("{:.1%}".format, na_action="ignore")
    texts = shown.assign(
        place=places, score=shown["score"].map("{:.3f}".format), fund_probability=probabilities
    )
    for column in TOOLTIP_COLUMNS:
        frame[column] = texts[column].astype(object).fillna(UNKNOWN).map(as_text)
    return frame


def as_text(value: object) -> object:
    """Keep deck.gl from taking a text of the data for an expression, which begins with @@."""
    return "\u200b" + value if isinstance(value, str) and value.startswith("@@") else value


def campaign_deck(
    users: pd.DataFrame, colour_by: str, entries: pd.DataFrame, reference: pd.DataFrame
) -> CompactDeck:
    """Draw users as points on the states, coloured by an attribute, with the reference user marked.

    Args:
        users: one row per user with rank, score, probability, reasons, attributes and coordinates
            in degrees.
        colour_by: the column of ``users`` that decides the colour.
        entries: the legend, as :func:`legend` returns it.
        reference: the user that the others are compared with, one row or none.
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
        pdk.Layer(
            "ScatterplotLayer",
            data=points(users, colour_by, entries),
            id="users",
            pickable=True,
            auto_highlight=True,
            opacity=0.65,
            get_position="position",
            get_fill_color="colour",
            get_radius=6000,
            radius_min_pixels=3,
            radius_max_pixels=9,
        ),
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
        f"<tr><td>{html.escape(label)}&nbsp;</td><td>{{{column}}}</td></tr>"
        for column, label in TOOLTIP_COLUMNS.items()
    )
    return CompactDeck(
        layers=layers,
        initial_view_state=pdk.ViewState(latitude=38.5, longitude=-96.5, zoom=3.1, min_zoom=2),
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
