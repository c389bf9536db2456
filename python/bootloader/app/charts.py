"""From the frames of the warehouse's measures to charts: pure functions, no Streamlit, no SQL."""

from collections.abc import Mapping
from itertools import cycle

import altair as alt
import pandas as pd

from bootloader.app.theme import Theme, css
from bootloader.attributes import USER_ATTRIBUTES

# What moves a probability, as the bars call it.
FACTORS = {
    "actions_in_category": "Actions in",
    "actions_elsewhere": "Actions in all categories",
    "tenure": "Days since the first event",
    **USER_ATTRIBUTES,
}

# The networks that are trained, in words, and whether they are as in the notebook.
NETWORKS = {
    "fund_network": "Fund network",
    "attributes_only": "Attributes only",
    "fund_network_nothing_excluded": "Fund network, nothing excluded",
    "attribute_network": "Notebook's network",
}


# Below the chart, in two columns, or it would take the room of the lines.
_LEGEND = alt.Legend(
    title=None, orient="bottom", columns=2, labelLimit=230, symbolLimit=0, rowPadding=2, offset=6
)


def _labelled(strategies: pd.Series, labels: Mapping[str, str]) -> pd.Series:
    return strategies.map(lambda name: labels.get(name, name))


def strategy_colors(labels: Mapping[str, str], theme: Theme) -> dict[str, str]:
    """Return the color of each strategy by its label; a random push is gray.

    Args:
        labels: of all strategies by their names, always in the same order, so that a strategy keeps
            its color from chart to chart and campaign to campaign.
    """
    colored = [label for name, label in labels.items() if name != "random"]
    # More strategies than colors begin again with the first color.
    colors = dict(zip(colored, map(css, cycle(theme.values)), strict=False))
    return {**colors, labels["random"]: css(theme.line)}


def _color(shown: pd.Series, labels: Mapping[str, str], theme: Theme) -> alt.Color:
    colors = strategy_colors(labels, theme)
    shown = [label for label in colors if label in set(shown)]
    scale = alt.Scale(domain=shown, range=[colors[label] for label in shown])
    return alt.Color("label:N", scale=scale, legend=_LEGEND)


def _percent(title: str) -> dict:
    return {"title": title, "axis": alt.Axis(format="%", tickCount=5)}


def reach_chart(curve: pd.DataFrame, notified: int, money: str, theme: Theme) -> alt.LayerChart:
    """Draw how the expected funders add up with the size of the audience, and of a random one.

    A click chooses the nearest size as the selection ``size``, with its ``users``.

    Args:
        curve: sizes in users, rising to everybody, with expected_funders, expected_amount and
            expected_at_random of all up to there.
        notified: how many users are notified; a point marks them.
        money: what amounts are in.
    """
    size = alt.selection_point(
        name="size", fields=["users"], nearest=True, on="click", empty=False, clear=False
    )
    start = pd.DataFrame({name: [0.0] for name in curve.select_dtypes("number")})
    drawn = pd.concat([start, curve.select_dtypes("number")], ignore_index=True)
    x = alt.X(
        "users:Q",
        title="Users notified",
        axis=alt.Axis(format=",d", tickCount=5, titlePadding=4),
    )
    y = alt.Y(
        "expected_funders:Q",
        title="Expected funders",
        axis=alt.Axis(format=",d", tickCount=4, titlePadding=4),
    )
    base = alt.Chart(drawn).encode(x)
    line = base.mark_line(color=css(theme.accent), strokeWidth=2.5).encode(y)
    random = base.mark_line(color=css(theme.line), strokeDash=[4, 4]).encode(
        alt.Y("expected_at_random:Q")
    )
    # Points that nobody sees take the click and show the figures of their size.
    sizes = (
        alt.Chart(curve)
        .mark_point(opacity=0, size=80)
        .encode(
            x,
            y,
            tooltip=[
                alt.Tooltip("users:Q", title="Users notified", format=",d"),
                alt.Tooltip("expected_funders:Q", title="Expected funders", format=",.0f"),
                alt.Tooltip("expected_at_random:Q", title="As many at random", format=",.0f"),
                alt.Tooltip("expected_amount:Q", title=f"Expected amount ({money})", format=",.0f"),
                alt.Tooltip(
                    "fund_probability:Q", title="The last user's probability", format=".0%"
                ),
            ],
        )
        .add_params(size)
    )
    marked = pd.DataFrame({"users": [notified]})
    rule = (
        alt.Chart(marked)
        .mark_rule(strokeDash=[3, 3], color=css(theme.probabilities[2]), strokeWidth=2)
        .encode(alt.X("users:Q"))
    )
    return (random + line + rule + sizes).properties(
        height=190, padding={"left": 0, "top": 4, "right": 8, "bottom": 2}
    )


def profile_chart(profile: pd.DataFrame, theme: Theme) -> alt.LayerChart:
    """Draw which share of the notified users, and of all users, has each value of an attribute.

    Args:
        profile: columns value, share_of_notified and share_of_all (0 to 1), the order of the bars.
    """
    frame = profile.assign(ratio=profile["share_of_notified"] / profile["share_of_all"])
    order = list(frame["value"])
    y = alt.Y("value:N", sort=order, title=None, axis=alt.Axis(labelLimit=110))
    axis = alt.Axis(format="%", tickCount=4)
    base = alt.Chart(frame).encode(
        y,
        tooltip=[
            alt.Tooltip("value:N", title="Value"),
            alt.Tooltip("share_of_notified:Q", title="Of the notified users", format=".1%"),
            alt.Tooltip("share_of_all:Q", title="Of all users", format=".1%"),
            alt.Tooltip("ratio:Q", title="Times as frequent", format=".2f"),
        ],
    )
    bars = base.mark_bar(color=css(theme.accent), size=12).encode(
        alt.X("share_of_notified:Q", title="Share: bar notified, line all users", axis=axis)
    )
    ticks = base.mark_tick(color=css(theme.text), thickness=2, size=18).encode(
        alt.X("share_of_all:Q")
    )
    return (bars + ticks).properties(height=alt.Step(22))


def gains_chart(gains: pd.DataFrame, labels: Mapping[str, str], theme: Theme) -> alt.LayerChart:
    """Draw which share of the funders each strategy reaches with which share of the users.

    Args:
        gains: one row per strategy and audience_percent (1 to 100) with share_of_funders (0 to 1).
            Chance is drawn as what it is on average, the diagonal.
        labels: of all strategies by their names.
    """
    random = labels["random"]
    frame = gains[gains["strategy"] != "random"]
    frame = pd.DataFrame(
        {
            "label": _labelled(frame["strategy"], labels),
            "users": frame["audience_percent"] / 100,
            "funders": frame["share_of_funders"],
        }
    )
    starts = pd.DataFrame({"label": frame["label"].unique(), "users": 0.0, "funders": 0.0})
    diagonal = pd.DataFrame({"label": random, "users": [0.0, 1.0], "funders": [0.0, 1.0]})
    frame = pd.concat([starts, frame, diagonal], ignore_index=True)
    base = alt.Chart(frame).encode(
        alt.X("users:Q", scale=alt.Scale(domain=[0, 1]), **_percent("Users notified (% of all)")),
        alt.Y(
            "funders:Q", scale=alt.Scale(domain=[0, 1]), **_percent("Funders reached (% of all)")
        ),
        _color(frame["label"], labels, theme),
        tooltip=[
            alt.Tooltip("label:N", title="Strategy"),
            alt.Tooltip("users:Q", title="Users notified", format=".0%"),
            alt.Tooltip("funders:Q", title="Funders reached", format=".1%"),
        ],
    )
    lines = base.mark_line().encode(
        strokeDash=alt.condition(alt.datum.label == random, alt.value([5, 4]), alt.value([1, 0]))
    )
    # Points that nobody sees give each place of a line its tooltip.
    return (lines + base.mark_point(size=120, opacity=0, filled=True)).properties(height=440)


def lift_chart(evaluation: pd.DataFrame, labels: Mapping[str, str], theme: Theme) -> alt.LayerChart:
    """Draw the lift of each strategy with its interval, at 10% and at 25% of the users.

    Args:
        evaluation: one row per strategy, the best first, with lift_at_10 and lift_at_25, each
            with _low and _high.
        labels: of all strategies by their names.
    """
    frame = pd.concat(
        pd.DataFrame(
            {
                "label": _labelled(evaluation["strategy"], labels),
                "share": f"Best {share}% of users",
                "lift": evaluation[f"lift_at_{share}"],
                "low": evaluation[f"lift_at_{share}_low"],
                "high": evaluation[f"lift_at_{share}_high"],
            }
        )
        for share in (10, 25)
    ).dropna(subset=["lift"])
    order = list(_labelled(evaluation["strategy"], labels))
    base = alt.Chart(frame).encode(
        alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=180)),
        yOffset=alt.YOffset("share:N"),
        color=alt.Color(
            "share:N",
            scale=alt.Scale(range=[css(theme.values[4]), css(theme.values[0])]),
            legend=_LEGEND,
        ),
        tooltip=[
            alt.Tooltip("label:N", title="Strategy"),
            alt.Tooltip("share:N", title="Notified"),
            alt.Tooltip("lift:Q", title="Lift (x random)", format=".2f"),
            alt.Tooltip("low:Q", title="At least (95%)", format=".2f"),
            alt.Tooltip("high:Q", title="At most (95%)", format=".2f"),
        ],
    )
    lift = alt.X("lift:Q", title="Lift (x random)", axis=alt.Axis(tickCount=6))
    return (
        _rule(pd.DataFrame({"lift": [1.0]}), theme, alt.X("lift:Q"))
        + base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"))
        + base.mark_point(filled=True, size=70, opacity=1).encode(lift)
    ).properties(height=alt.Step(22))


def calibration_chart(
    reliability: pd.DataFrame, labels: Mapping[str, str], theme: Theme
) -> alt.LayerChart:
    """Draw what was predicted against what happened; on the diagonal both are the same.

    Args:
        reliability: one row per strategy and bin of its probabilities with users, and predicted
            and observed from 0 to 1.
        labels: of all strategies by their names.
    """
    frame = reliability.assign(label=_labelled(reliability["strategy"], labels))
    most = max(frame["predicted"].max(), frame["observed"].max())
    points = (
        alt.Chart(frame)
        .mark_circle(opacity=0.75)
        .encode(
            alt.X("predicted:Q", **_percent("Predicted to fund (%)")),
            alt.Y("observed:Q", **_percent("Funded (%)")),
            _color(frame["label"], labels, theme),
            alt.Size("users:Q", scale=alt.Scale(range=[30, 900]), legend=None),
            tooltip=[
                alt.Tooltip("label:N", title="Strategy"),
                alt.Tooltip("predicted:Q", title="Predicted", format=".1%"),
                alt.Tooltip("observed:Q", title="Funded", format=".1%"),
                alt.Tooltip("users:Q", title="Users", format=","),
            ],
        )
    )
    diagonal = _rule(
        pd.DataFrame({"predicted": [0.0], "observed": [0.0], "end": [most]}), theme,
        alt.X("predicted:Q"), alt.Y("observed:Q"), alt.X2("end:Q"), alt.Y2("end:Q"),
    )  # fmt: skip
    return (diagonal + points).properties(height=380)


def factors_chart(factors: pd.DataFrame, theme: Theme) -> alt.Chart:
    """Draw how much each factor moves the probabilities on average, the strongest first.

    Args:
        factors: one row per factor and category in the order of influence, with average_effect
            from 0 to 1, users, and users_raised.
    """
    frame = pd.DataFrame(
        {
            "label": [
                f"{FACTORS[row.factor]} {row.category}"
                if row.factor == "actions_in_category"
                else FACTORS[row.factor]
                for row in factors.itertuples()
            ],
            "points": factors["average_effect"] * 100,
            "raised": factors["users_raised"] / factors["users"],
        }
    )
    return (
        alt.Chart(frame)
        .mark_bar(color=css(theme.accent))
        .encode(
            alt.X(
                "points:Q", title="Average change (percentage points)", axis=alt.Axis(tickCount=6)
            ),
            alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=180)),
            tooltip=[
                alt.Tooltip("label:N", title="Factor"),
                alt.Tooltip("points:Q", title="Average change (points)", format=".2f"),
                alt.Tooltip("raised:Q", title="Users whose probability it raises", format=".0%"),
            ],
        )
        .properties(height=alt.Step(26))
    )


def training_chart(runs: pd.DataFrame, loss: str, theme: Theme) -> alt.Chart:
    """Draw how the error of each network falls with each pass over its training rows.

    Args:
        runs: one row per network and epoch with train_loss, rows and seconds.
        loss: what the loss is, as the axis calls it; networks in one chart share it.
    """
    use = runs["model_cutoff"].map(lambda cutoff: "hold-out" if cutoff else "in use")
    frame = runs.assign(label=runs["network"].map(NETWORKS) + ", " + use)
    order = list(frame["label"].unique())
    return (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            alt.X("epoch:Q", title="Pass over the training rows", axis=alt.Axis(tickMinStep=1)),
            alt.Y("train_loss:Q", title=loss, scale=alt.Scale(zero=False)),
            alt.Color(
                "label:N",
                scale=alt.Scale(domain=order, range=[css(color) for color in theme.values]),
                legend=_LEGEND,
            ),
            tooltip=[
                alt.Tooltip("label:N", title="Network"),
                alt.Tooltip("epoch:Q", title="Pass"),
                alt.Tooltip("train_loss:Q", title=loss, format=".4f"),
                alt.Tooltip("rows:Q", title="Training rows", format=","),
                alt.Tooltip("seconds:Q", title="Seconds", format=".1f"),
            ],
        )
        .properties(height=340)
    )


def _rule(frame: pd.DataFrame, theme: Theme, *encodings: object) -> alt.Chart:
    """Return the dashed line that stands for a random push, or for a prediction that comes true."""
    rule = alt.Chart(frame).mark_rule(strokeDash=[5, 4], color=css(theme.line), strokeWidth=1.5)
    return rule.encode(*encodings)
