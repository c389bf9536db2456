"""From users per state to a map of the states: pure functions, no Streamlit, no SQL."""

import pandas as pd
import pydeck as pdk

from bootloader.app.map_layers import MAP_STYLE, PALETTE, CompactDeck, us_states

# The outlines have names, the events have postal codes.
STATE_NAMES = {
    "AK": "Alaska", "AL": "Alabama", "AR": "Arkansas", "AZ": "Arizona", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DC": "District of Columbia", "DE": "Delaware",
    "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "IA": "Iowa", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "MA": "Massachusetts", "MD": "Maryland", "ME": "Maine", "MI": "Michigan", "MN": "Minnesota",
    "MO": "Missouri", "MS": "Mississippi", "MT": "Montana", "NC": "North Carolina",
    "ND": "North Dakota", "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey",
    "NM": "New Mexico", "NV": "Nevada", "NY": "New York", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina",
    "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia",
    "VT": "Vermont", "WA": "Washington", "WI": "Wisconsin", "WV": "West Virginia",
    "WY": "Wyoming",
}  # fmt: skip

NOBODY = (248, 249, 250)
FEWEST = (190, 220, 240)
MOST = PALETTE[0]


def states_deck(states: pd.DataFrame, zoom: float) -> CompactDeck:
    """Colour each state by how many users it has, the darkest has most.

    Args:
        states: one row per state (its postal code) with how many users it has. Users whose state
            has no outline here are not on the map.
        zoom: how close the map is at first, in deck.gl's steps of two.
    """
    users = states.assign(name=states["state"].map(STATE_NAMES)).dropna(subset=["name"])
    counts = dict(zip(users["name"], users["users"].astype(int), strict=True))
    most = max(counts.values(), default=1)
    outlines = [
        {
            "type": "Feature",
            "geometry": outline["geometry"],
            "properties": {
                "name": outline["properties"]["name"],
                "users": f"{counts.get(outline['properties']['name'], 0):,}",
                "colour": colour(counts.get(outline["properties"]["name"], 0), most),
            },
        }
        for outline in us_states()["features"]
    ]
    return CompactDeck(
        layers=[
            pdk.Layer(
                "GeoJsonLayer",
                data={"type": "FeatureCollection", "features": outlines},
                id="states",
                pickable=True,
                stroked=True,
                filled=True,
                get_fill_color="properties.colour",
                get_line_color=[120, 130, 140],
                line_width_min_pixels=1,
            )
        ],
        initial_view_state=pdk.ViewState(latitude=38.5, longitude=-96.5, zoom=zoom, min_zoom=1),
        map_style=MAP_STYLE,
        tooltip={
            "html": "{name}: {users} users",
            "style": {"fontSize": "12px", "backgroundColor": "#1f2a36", "color": "#ffffff"},
        },
    )


def colour(users: int, most: int) -> list[int]:
    """Return red, green and blue for a state with so many users where the fullest has ``most``."""
    if not users:
        return list(NOBODY)
    share = users / most
    return [round(few + share * (many - few)) for few, many in zip(FEWEST, MOST, strict=True)]
