"""Charts of embeddings and of the events they come from: pure functions, no Streamlit."""

import altair as alt
import pandas as pd

from bootloader.app.theme import Theme, css

CHOSEN = "Chosen"
NEAREST = "Most similar"
REST = "The others"

# Which of the theme's colors a group has.
_COLORS = {CHOSEN: 4, NEAREST: 1, REST: 0}
_SHAPES = {CHOSEN: "diamond", NEAREST: "circle", REST: "circle"}

# A plane that is never smaller shows values that are all alike as points that are all close.
_SMALLEST_REACH = 0.25


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
                scale=alt.Scale(range=[css(color) for color in theme.values]),
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


def plane_chart(values: pd.DataFrame, shares: tuple[float, float], theme: Theme) -> alt.LayerChart:
    """Draw the values of an attribute as points with names, close where they are alike.

    Args:
        values: columns label, group (one of CHOSEN, NEAREST, REST), x, y, similarity, users
            (missing where there is no such number). Only the chosen and the nearest have names.
        shares: how much of the differences the two dimensions show, each from 0 to 1.
    """
    # Both axes cover the same range, or distances would depend on the direction.
    reach = max(1.15 * values[["x", "y"]].abs().to_numpy().max(), _SMALLEST_REACH)
    domain = alt.Scale(domain=[-reach, reach], nice=False, zero=False)
    axis = alt.Axis(labels=False, ticks=False, values=[0])
    sized = values["users"].notna().all()
    groups = [group for group in _COLORS if (values["group"] == group).any()]
    base = alt.Chart().encode(
        alt.X("x:Q", scale=domain, axis=axis, title=f"Direction 1: {shares[0]:.0%} of differences"),
        alt.Y("y:Q", scale=domain, axis=axis, title=f"Direction 2: {shares[1]:.0%} of differences"),
        tooltip=_tooltip(sized),
    )
    points = base.mark_point(filled=True, opacity=0.9, size=120).encode(
        alt.Color(
            "group:N",
            title=None,
            scale=alt.Scale(
                domain=groups, range=[css(theme.values[_COLORS[group]]) for group in groups]
            ),
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
    named = base.transform_filter(alt.datum.group != REST)
    names = named.mark_text(dy=-13, fontSize=11, color=css(theme.text)).encode(alt.Text("label:N"))
    drawn = values.sort_values("group", key=lambda group: group == CHOSEN, kind="stable")
    return alt.layer(points, names, data=drawn).properties(height=480)


def nearest_chart(nearest: pd.DataFrame, theme: Theme) -> alt.Chart:
    """Draw how similar the nearest values are, the most similar one on top.

    Args:
        nearest: columns label, similarity (-1 to 1), users (or missing), the most similar first.
    """
    return (
        alt.Chart(nearest)
        .mark_bar(color=css(theme.values[_COLORS[NEAREST]]))
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
