"""From the frames of the warehouse's measures to charts: pure functions, no Streamlit, no SQL."""

import altair as alt
import pandas as pd

from bootloader.app.map_layers import OTHER_COLOUR, PALETTE
from bootloader.app.strategies import STRATEGIES

CHANCE = STRATEGIES["random"].label

# What moves a probability, as the bars call it.
FACTORS = {
    "actions_in_category": "Actions in",
    "actions_elsewhere": "Actions in all categories",
    "age": "Age",
    "gender_cleaned": "Gender",
    "marital_status": "Marital status",
    "device": "Device",
    "state": "State",
}

# The networks that are trained, in words, and whether they are as in the notebook.
NETWORKS = {
    "fund_network": "Fund network",
    "attributes_only": "Attributes only",
    "fund_network_nothing_excluded": "Fund network, nothing excluded",
    "attribute_network": "Notebook's network",
}


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


# A strategy keeps its colour from chart to chart and from campaign to campaign.
COLOURS = {
    strategy.label: _hex(colour)
    for strategy, colour in zip(
        [strategy for strategy in STRATEGIES.values() if strategy.label != CHANCE],
        PALETTE,
        strict=False,
    )
} | {CHANCE: _hex(OTHER_COLOUR)}

_LEGEND = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=260, symbolLimit=0)


def _labels(strategies: pd.Series) -> pd.Series:
    return strategies.map({name: strategy.label for name, strategy in STRATEGIES.items()})


def _colour(labels: pd.Series) -> alt.Color:
    shown = [label for label in COLOURS if label in set(labels)]
    scale = alt.Scale(domain=shown, range=[COLOURS[label] for label in shown])
    return alt.Color("label:N", scale=scale, legend=_LEGEND)


def _percent(title: str) -> dict:
    return {"title": title, "axis": alt.Axis(format="%", tickCount=5)}


def gains_chart(gains: pd.DataFrame) -> alt.LayerChart:
    """Draw which share of the funders each strategy reaches with which share of the users.

    Args:
        gains: one row per strategy and percentile (1 to 100) with share_of_funders from 0 to 1.
            Chance is drawn as what it is on average, the diagonal.
    """
    frame = gains[gains["strategy"] != "random"]
    frame = pd.DataFrame(
        {
            "label": _labels(frame["strategy"]),
            "users": frame["percentile"] / 100,
            "funders": frame["share_of_funders"],
        }
    )
    starts = pd.DataFrame({"label": frame["label"].unique(), "users": 0.0, "funders": 0.0})
    diagonal = pd.DataFrame({"label": CHANCE, "users": [0.0, 1.0], "funders": [0.0, 1.0]})
    frame = pd.concat([starts, frame, diagonal], ignore_index=True)
    base = alt.Chart(frame).encode(
        alt.X("users:Q", scale=alt.Scale(domain=[0, 1]), **_percent("Users pushed to (% of all)")),
        alt.Y(
            "funders:Q", scale=alt.Scale(domain=[0, 1]), **_percent("Funders reached (% of all)")
        ),
        _colour(frame["label"]),
        tooltip=[
            alt.Tooltip("label:N", title="Strategy"),
            alt.Tooltip("users:Q", title="Users pushed to", format=".0%"),
            alt.Tooltip("funders:Q", title="Funders reached", format=".1%"),
        ],
    )
    lines = base.mark_line().encode(
        strokeDash=alt.condition(alt.datum.label == CHANCE, alt.value([5, 4]), alt.value([1, 0]))
    )
    # Points that nobody sees give each place of a line its tooltip.
    return (lines + base.mark_point(size=120, opacity=0, filled=True)).properties(height=480)


def lift_chart(evaluation: pd.DataFrame) -> alt.LayerChart:
    """Draw the lift of each strategy with its interval, at 10% and at 25% of the users.

    Args:
        evaluation: one row per strategy, the best first, with lift_at_10 and lift_at_25, each
            with _low and _high.
    """
    frame = pd.concat(
        pd.DataFrame(
            {
                "label": _labels(evaluation["strategy"]),
                "share": f"Best {share}% of users",
                "lift": evaluation[f"lift_at_{share}"],
                "low": evaluation[f"lift_at_{share}_low"],
                "high": evaluation[f"lift_at_{share}_high"],
            }
        )
        for share in (10, 25)
    ).dropna(subset=["lift"])
    order = list(_labels(evaluation["strategy"]))
    base = alt.Chart(frame).encode(
        alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=180)),
        yOffset=alt.YOffset("share:N"),
        color=alt.Color(
            "share:N", scale=alt.Scale(range=[_hex(PALETTE[4]), _hex(PALETTE[0])]), legend=_LEGEND
        ),
        tooltip=[
            alt.Tooltip("label:N", title="Strategy"),
            alt.Tooltip("share:N", title="Pushed to"),
            alt.Tooltip("lift:Q", title="Lift (times chance)", format=".2f"),
            alt.Tooltip("low:Q", title="At least (95%)", format=".2f"),
            alt.Tooltip("high:Q", title="At most (95%)", format=".2f"),
        ],
    )
    lift = alt.X("lift:Q", title="Lift (times chance)", axis=alt.Axis(tickCount=6))
    return (
        _rule(pd.DataFrame({"lift": [1.0]}), alt.X("lift:Q"))
        + base.mark_rule(strokeWidth=2).encode(alt.X("low:Q"), alt.X2("high:Q"))
        + base.mark_point(filled=True, size=70, opacity=1).encode(lift)
    ).properties(height=alt.Step(22))


def calibration_chart(reliability: pd.DataFrame) -> alt.LayerChart:
    """Draw what was predicted against what happened; on the diagonal both are the same.

    Args:
        reliability: one row per strategy and bin of its probabilities with users, and predicted
            and observed from 0 to 1.
    """
    frame = reliability.assign(label=_labels(reliability["strategy"]))
    most = max(frame["predicted"].max(), frame["observed"].max())
    points = (
        alt.Chart(frame)
        .mark_circle(opacity=0.75)
        .encode(
            alt.X("predicted:Q", **_percent("Predicted to fund (%)")),
            alt.Y("observed:Q", **_percent("Really funded (%)")),
            _colour(frame["label"]),
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
        pd.DataFrame({"predicted": [0.0], "observed": [0.0], "end": [most]}),
        alt.X("predicted:Q"), alt.Y("observed:Q"), alt.X2("end:Q"), alt.Y2("end:Q"),
    )  # fmt: skip
    return (diagonal + points).properties(height=380)


def factors_chart(factors: pd.DataFrame) -> alt.Chart:
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
        .mark_bar(color=_hex(PALETTE[0]))
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


def training_chart(runs: pd.DataFrame, loss: str) -> alt.Chart:
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
                scale=alt.Scale(domain=order, range=[_hex(colour) for colour in PALETTE]),
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


def _rule(frame: pd.DataFrame, *encodings: object) -> alt.Chart:
    """Return the dashed line that stands for chance, or for a prediction that comes true."""
    rule = alt.Chart(frame).mark_rule(strokeDash=[5, 4], color=_hex(OTHER_COLOUR), strokeWidth=1.5)
    return rule.encode(*encodings)
