"""Charts of embeddings and of the events they come from: pure functions, no Streamlit."""

import altair as alt
import pandas as pd

from bootloader.app.theme import Theme, css

CHOSEN = "Chosen"
NEAREST = "Most similar"
REST = "The others"

ABOVE, BELOW, NOWHERE = "above", "below", ""

# Which of the theme's colours a group has.
_COLOURS = {CHOSEN: 4, NEAREST: 1, REST: 0}
_SHAPES = {CHOSEN: "diamond", NEAREST: "circle", REST: "circle"}

# The colour of the text around the chart, in the light theme as in the dark one.
_TEXT_COLOUR = "currentColor"

# A plane that is never smaller shows values that are all alike as points that are all close.
_SMALLEST_REACH = 0.25

# Shares of the plane that a letter, a line of text and a point take, and the way to a name.
_LETTER_WIDTH = 0.015
_LINE_HEIGHT = 0.035
_POINT_SIZE = 0.02
_NAME_DISTANCE = 0.032
_NAME_PIXELS = 13


def events_chart(days: pd.DataFrame, theme: Theme) -> alt.Chart:
    """Draw how many events each day has, by what users did.

    Args:
        days: columns event_date (a day as text, UTC), event_name, events.
    """
    return (
        alt.Chart(days)
        .mark_bar()
        .encode(
            alt.X("utcyearmonthdate(event_date):T", title="Day (UTC)"),
            alt.Y("sum(events):Q", title="Accepted events per day", axis=alt.Axis(format=",d")),
            alt.Color(
                "event_name:N",
                title="Action",
                scale=alt.Scale(range=[css(colour) for colour in theme.values]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("utcyearmonthdate(event_date):T", title="Day (UTC)"),
                alt.Tooltip("event_name:N", title="Action"),
                alt.Tooltip("sum(events):Q", title="Events", format=",d"),
            ],
        )
        .properties(height=340)
    )


def plane_chart(
    values: pd.DataFrame, shares: tuple[float, float], theme: Theme
) -> alt.LayerChart:
    """Draw the values of an attribute as points with names, close where they are alike.

    Args:
        values: columns label, group (one of CHOSEN, NEAREST, REST), x, y, similarity, users
            (missing where there is no such number). A name without room is in the tooltip only.
        shares: how much of the differences the two dimensions show, each from 0 to 1.
    """
    # Both axes cover the same range, or distances would depend on the direction.
    reach = max(1.15 * values[["x", "y"]].abs().to_numpy().max(), _SMALLEST_REACH)
    domain = alt.Scale(domain=[-reach, reach], nice=False, zero=False)
    axis = alt.Axis(labels=False, ticks=False, values=[0])
    sized = values["users"].notna().all()
    groups = [group for group in _COLOURS if (values["group"] == group).any()]
    base = alt.Chart().encode(
        alt.X("x:Q", scale=domain, axis=axis, title=f"Direction 1: {shares[0]:.0%} of differences"),
        alt.Y("y:Q", scale=domain, axis=axis, title=f"Direction 2: {shares[1]:.0%} of differences"),
        tooltip=_tooltip(sized),
    )
    points = base.mark_point(filled=True, opacity=0.9, size=120).encode(
        alt.Color(
            "group:N",
            title=None,
            scale=alt.Scale(domain=groups, range=[css(theme.values[_COLOURS[group]]) for group in groups]),
            legend=alt.Legend(orient="top"),
        ),
        alt.Shape(
            "group:N",
            title=None,
            scale=alt.Scale(domain=groups, range=[_SHAPES[group] for group in groups]),
        ),
    )
    if sized:
        points = points.encode(
            alt.Size("users:Q", title="Users", scale=alt.Scale(range=[40, 300]), legend=None)
        )
    names = [
        base.transform_filter(f"datum.name_place === '{place}'")
        .mark_text(dy=pixels, fontSize=11, color=_TEXT_COLOUR)
        .encode(alt.Text("label:N"))
        for place, pixels in ((ABOVE, -_NAME_PIXELS), (BELOW, _NAME_PIXELS))
    ]
    drawn = values.assign(name_place=name_places(values, reach)).sort_values(
        "group", key=lambda group: group == CHOSEN, kind="stable"
    )
    return alt.layer(points, *names, data=drawn).properties(height=520)


def name_places(values: pd.DataFrame, reach: float) -> list[str]:
    """Return where the name of each point has room, so that it hides no point and no other name.

    Args:
        values: columns label, group, x, y. The chosen value gets its place first, then the
            nearest ones, then the rest, each group in its order.
        reach: the plane goes from -reach to reach in both directions.

    Returns:
        ABOVE or BELOW the point, or NOWHERE.
    """
    x, y = (values[["x", "y"]].to_numpy() / (2 * reach)).T
    # Each name that is placed takes a box: its middle and half of its width.
    boxes: list[tuple[float, float, float]] = []
    places = [NOWHERE] * len(values)
    turns = values["group"].map(list(_COLOURS).index).to_numpy().argsort(kind="stable")
    for turn in turns:
        half = len(values["label"].iloc[turn]) * _LETTER_WIDTH / 2
        for place, distance in ((ABOVE, _NAME_DISTANCE), (BELOW, -_NAME_DISTANCE)):
            middle = y[turn] + distance
            hides_point = (abs(x - x[turn]) < half + _POINT_SIZE / 2) & (
                abs(y - middle) < (_LINE_HEIGHT + _POINT_SIZE) / 2
            )
            hides_name = any(
                abs(x[turn] - box_x) < half + box_half and abs(middle - box_y) < _LINE_HEIGHT
                for box_x, box_y, box_half in boxes
            )
            if not hides_point.any() and not hides_name:
                boxes.append((x[turn], middle, half))
                places[turn] = place
                break
    return places


def nearest_chart(nearest: pd.DataFrame, theme: Theme) -> alt.Chart:
    """Draw how similar the nearest values are, the most similar one on top.

    Args:
        nearest: columns label, similarity (-1 to 1), users (or missing), the most similar first.
    """
    return (
        alt.Chart(nearest)
        .mark_bar(color=css(theme.values[_COLOURS[NEAREST]]))
        .encode(
            alt.X(
                "similarity:Q",
                title="Similarity (1 = alike, 0 = unrelated)",
                scale=alt.Scale(domain=[min(0, nearest["similarity"].min()), 1]),
                axis=alt.Axis(format=".1f"),
            ),
            alt.Y("label:N", title=None, sort=None),
            tooltip=_tooltip(nearest["users"].notna().all()),
        )
        .properties(height=alt.Step(24))
    )


def _tooltip(sized: bool) -> list[alt.Tooltip]:
    shown = [
        alt.Tooltip("label:N", title="Value"),
        alt.Tooltip("similarity:Q", title="Similarity", format=".2f"),
    ]
    return [*shown, alt.Tooltip("users:Q", title="Users", format=",d")] if sized else shown

