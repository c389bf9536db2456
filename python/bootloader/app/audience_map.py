"""The map of the front page: what is drawn on it, and what a click on it does."""

import pandas as pd
import streamlit as st

from bootloader.app import map_frame
from bootloader.app.audience import Audience
from bootloader.app.map_layers import (
    HEXAGONS,
    NO_PROBABILITY,
    PROBABILITY_LABELS,
    PROBABILITY_STEPS,
    STATES,
    USERS,
    CompactDeck,
    Extent,
    audience_deck,
    hexagons_layer,
    legend,
    marks_layer,
    names_layers,
    points_layer,
    probability_colors,
    probability_labels,
    states_layer,
    value_colors,
    world_layer,
)
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import COLORS, State, change, is_changed
from bootloader.app.theme import Color, css, theme
from bootloader.attributes import USER_ATTRIBUTES

# With more dots than this, more than half of them lie on others: then hexagons are drawn.
MOST_POINTS = 1_000

# The map next to the answer, in pixels; on a phone, where it has the whole width, it is lower.
MAP_HEIGHT, PHONE_WIDTH, PHONE_RATIO = 436, 640, 0.66

_HEIGHT = "map_height"
_SELECTED_ON = "map_selected_on"
_NUMBER = "map_number"


def extent(copy: ServingCopy) -> Extent:
    """Return the part of the world that the map shows."""
    return Extent(**copy.query("map_extent").iloc[0].to_dict())


@st.fragment
def show_map(audience: Audience) -> None:
    """Draw where the notified users are. Runs alone when the map changes its size on the screen."""
    if is_changed():
        st.rerun()
    size = map_frame.shown_size()
    if not size["is_full"]:
        is_phone = size["width"] < PHONE_WIDTH
        st.session_state[_HEIGHT] = round(size["width"] * PHONE_RATIO) if is_phone else MAP_HEIGHT
    deck, entries, ramp = draw_map(audience, (size["width"], size["height"]))
    key = chart_key(audience)
    label = COLORS[audience.state.color]
    with st.container(key="map"):
        st.pydeck_chart(
            deck,
            height=st.session_state.get(_HEIGHT, MAP_HEIGHT),
            on_select=lambda: look_at_selected(audience, key),
            key=key,
            alt=f"Map of the notified users, colored by {label.lower()}",
        )
    map_frame.show_legend(label, entries, ramp, size)


def draw_map(
    audience: Audience, pixels: tuple[int, int]
) -> tuple[CompactDeck, list[dict], dict | None]:
    """Return the map for so many pixels, the entries of its legend, and its shades of states."""
    copy, state, shades = audience.copy, audience.state, theme()
    shown = extent(copy)
    attribute, colors = colors_of(copy, state)
    is_by_probability = state.color not in USER_ATTRIBUTES
    layers, ramp = [], None

    def labels_of(rows: pd.DataFrame) -> pd.Series:
        probabilities = rows["fund_probability"]
        return probability_labels(probabilities) if is_by_probability else rows["value"]

    if shown.is_usa:
        states = copy.query("map_states", **audience.parameters)
        layers.append(states_layer(states, state.shade, shades))
        ramp = ramp_in_words(states, state)
    else:
        layers.append(world_layer(shown, shades))
    parameters = {**audience.parameters, "color": attribute}
    if audience.totals["users_on_map"] <= MOST_POINTS:
        users = copy.query("map_points", **parameters)
        layers.append(points_layer(users, labels_of(users), colors, shades))
    else:
        cells = copy.query("map_hexagons", **parameters, hexagon_size=shown.hexagon_size)
        title = None if is_by_probability else USER_ATTRIBUTES[attribute]
        layers.append(
            hexagons_layer(cells, labels_of(cells), colors, shown.hexagon_size, shades, title=title)
        )
    if shown.is_usa:
        layers += names_layers(shades, with_cities=pixels[0] >= PHONE_WIDTH)
    counts = copy.query("map_legend", **parameters, steps=PROBABILITY_STEPS)
    if is_by_probability:
        steps = dict(enumerate(PROBABILITY_LABELS))
        counts["value"] = counts["step"].map(steps).fillna(NO_PROBABILITY)
    by_value = counts.groupby("value")["users"].sum().sort_values(ascending=False)
    entries = legend(by_value, colors, shades, is_sorted=not is_by_probability)
    return audience_deck(layers + marks(audience), shown, pixels), entries, ramp


def colors_of(copy: ServingCopy, state: State) -> tuple[str, dict[str, Color]]:
    """Return an attribute to ask for, and the colors of its values or of the probabilities."""
    if state.color not in USER_ATTRIBUTES:
        return next(iter(USER_ATTRIBUTES)), probability_colors(theme())
    values = copy.query("user_values", attributes=tuple(USER_ATTRIBUTES))
    of_attribute = values.loc[values["attribute"] == state.color, "value"]
    return state.color, value_colors(of_attribute, theme())


def ramp_in_words(states: pd.DataFrame, state: State) -> dict:
    """Say what the lightest and the darkest states mean."""
    low, high = "half as likely as all", "twice"
    if state.shade == "funders":
        low, high = "0", f"{states['expected_funders'].max():,.0f} expected funders"
    return {
        "title": "States",
        "low": low,
        "high": high,
        "colors": [css(color) for color in theme().states],
    }


def marks(audience: Audience) -> list:
    """Return rings around the user who is looked at and the one who others are compared with."""
    state = audience.state
    reference = audience.copy.query("reference", campaign=state.campaign, strategy=state.strategy)
    layers = [marks_layer(reference, "reference", theme())] if len(reference) else []
    if (user := audience.selected_user()) is not None and pd.notna(user["x"]):
        layers.append(marks_layer(user.to_frame().T, "selected", theme()))
    return layers


def chart_key(audience: Audience) -> str:
    """Return a name for the chart that is a new one as soon as what was clicked is no longer there.

    The browser keeps what was clicked by its number on a map of that name; on a map of other users,
    that would be somebody else.
    """
    selected_on = st.session_state.get(_SELECTED_ON)
    if selected_on is not None and selected_on != _shown(audience):
        st.session_state[_SELECTED_ON] = None
        st.session_state[_NUMBER] = st.session_state.get(_NUMBER, 0) + 1
    return f"audience_map_{st.session_state.get(_NUMBER, 0)}"


def _shown(audience: Audience) -> tuple:
    state = audience.state
    return (
        tuple(sorted(audience.parameters.items())),
        state.color,
        state.user is None and state.place is None,
    )


def look_at_selected(audience: Audience, key: str) -> None:
    """Look at what was clicked. Whatever the browser says of it is only ever looked up."""
    objects = st.session_state[key]["selection"]["objects"]
    clicked = {
        layer: rows[0]
        for layer, rows in objects.items()
        if isinstance(rows, list) and rows and isinstance(rows[0], dict)
    }
    if state_name := clicked.get(STATES, {}).get("properties", {}).get("s"):
        toggle_state(audience, str(state_name))
        return
    user, place = None, None
    position = clicked.get(USERS, {}).get("r")
    if isinstance(position, int):
        found = audience.copy.query("user_at_position", **audience.parameters, position=position)[
            "session_id"
        ]
        user = found.iloc[0] if len(found) else None
    q, r = (clicked.get(HEXAGONS, {}).get(name) for name in ("q", "r"))
    if isinstance(q, int) and isinstance(r, int):
        place = (q, r)
    st.session_state[_SELECTED_ON] = (*_shown(audience)[:2], user is None and place is None)
    change(lambda state: state.looking_at(user=user, place=place))


def toggle_state(audience: Audience, name: str) -> None:
    """Take a state into the filters, or out of them."""
    known = audience.copy.query("map_states", **audience.parameters)["state"]
    st.session_state[_SELECTED_ON] = ()
    if name in set(known):
        kept = audience.state.filters.get("state", ())
        values = [value for value in kept if value != name] if name in kept else [*kept, name]
        change(lambda state: state.looking_at().with_filter("state", values))
