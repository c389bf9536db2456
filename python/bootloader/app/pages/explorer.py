"""What the notebook's network learned: which values of an attribute it sees as similar."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bootloader.app.embedding_charts import CHOSEN, NEAREST, REST, nearest_chart, plane_chart
from bootloader.app.embedding_space import plane, similarities
from bootloader.app.layout import plain, title
from bootloader.app.serving_copy import UNKNOWN, ServingCopy
from bootloader.app.state import State, change, set_field
from bootloader.app.theme import theme
from bootloader.attributes import USER_ATTRIBUTES

ATTRIBUTES = {**USER_ATTRIBUTES, "category": "Category", "city": "City", "zip_code": "Zip code"}

FEW_VALUES = 60
MOST_VALUES = 200
NEAREST_SHOWN = 10

# Fewer users than this say next to nothing about a value.
FEW_USERS = 30

_MISSING = "#na#"


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    title(copy, state, "What did the notebook's network learn?", is_of_campaign=False)
    counts = copy.query("embedded_attributes").set_index("attribute")["known_values"]
    labels = {name: label for name, label in ATTRIBUTES.items() if name in counts.index}
    if not labels:
        st.info("The notebook's network learned nothing yet. Run `make build` with more events.")
        return
    st.caption(
        "The network learned who funds what they view, and gave each value, such as a state, a "
        "list of numbers: its embedding. Two values are close here if their users fund alike, not "
        "if they are close on the map. This page is the same for every campaign."
    )
    left, middle, right = st.columns(3)
    attribute = state.attribute or next(iter(labels))
    with left:
        choose("Attribute", "attribute", labels, attribute, similar_to=None)
    label, known = labels[attribute], int(counts[attribute])
    shown = FEW_VALUES
    if known > FEW_VALUES:
        shown = state.values
        with right:
            choose_how_many(state)
    values = copy.query("attribute_values", attribute=attribute, most_values=shown, unknown=UNKNOWN)
    names = values["value"].replace(_MISSING, UNKNOWN).to_list()
    chosen = names[0]
    if state.similar_to in names:
        chosen = state.similar_to
    elif state.similar_to is not None:
        st.warning(
            plain(
                f"The link asks for “{state.similar_to}”, which is not among the values shown. "
                f"Shown instead: {chosen}."
            )
        )
    with middle:
        choose("Similar to", "similar_to", {name: name for name in names}, chosen)
    values = compared(values.assign(label=names), names.index(chosen))
    if len(values) < 2:
        st.info("There is only one value, so there is nothing to compare. Choose another.")
        return
    warn_of_noise(values, label, known)
    draw(values)


def choose(label: str, name: str, options: dict[str, str], value: str, **also: Any) -> None:
    """Let the reader choose a field of the state; ``also`` has what changes with it."""
    st.session_state[name] = value
    st.selectbox(
        label,
        options,
        format_func=options.get,
        key=name,
        on_change=lambda: change(
            lambda state: replace(state, **{name: st.session_state[name]}, **also)
        ),
    )


def choose_how_many(state: State) -> None:
    """Let the reader choose how many of many values are compared."""
    st.session_state["values"] = state.values
    st.slider(
        "How many of the most frequent",
        min_value=10,
        max_value=MOST_VALUES,
        step=10,
        key="values",
        on_change=set_field,
        args=("values", "values"),
    )


def compared(values: pd.DataFrame, chosen: int) -> pd.DataFrame:
    """Add to each value its similarity to the chosen one, and whether it is among the nearest."""
    similarity = similarities(np.stack(values["embedding"].to_list()), chosen)
    others = pd.Series(similarity, values.index).drop(values.index[chosen])
    nearest = others.sort_values(ascending=False, kind="stable").index[:NEAREST_SHOWN]
    group = pd.Series(REST, values.index)
    # Where every other value is among the nearest, the word would say nothing.
    if len(nearest) < len(others):
        group[nearest] = NEAREST
    group.iloc[chosen] = CHOSEN
    return values.assign(similarity=similarity, group=group, is_nearest=values.index.isin(nearest))


def warn_of_noise(values: pd.DataFrame, label: str, known: int) -> None:
    """Say where closeness rests on too few users to mean something."""
    if len(values) < known:
        st.caption(
            f"The {len(values):,} values with most users, of {known:,}. Cities of one name in "
            "several states count as one."
            if label == "City"
            else f"The {len(values):,} values with most users, of {known:,}."
        )
    if values["users"].isna().any():
        return
    few = int((values["users"] < FEW_USERS).sum())
    if few:
        st.warning(
            f"{few:,} of these {len(values):,} values have fewer than {FEW_USERS} users. What the "
            "network learned about them is mostly noise; do not plan with it."
        )


def draw(values: pd.DataFrame) -> None:
    """Show the plane next to the nearest values."""
    positions, shares = plane(np.stack(values["embedding"].to_list()))
    placed = values.assign(x=positions[:, 0], y=positions[:, 1]).drop(columns="embedding")
    nearest = placed[placed["is_nearest"]].sort_values(
        "similarity", ascending=False, kind="stable"
    )[["label", "similarity", "users"]]
    left, right = st.columns([3, 2])
    with left:
        st.header("All in one picture", anchor=False)
        st.altair_chart(
            plane_chart(placed, (shares[0], shares[1]), theme()),
            alt="Values of the attribute as points, close where the network sees them as similar",
        )
        st.caption(picture_in_words(shares.sum(), values["users"].notna().all()))
    with right:
        st.header("Most similar first", anchor=False)
        st.altair_chart(
            nearest_chart(nearest, theme()), alt="The most similar values, in the table below"
        )
        columns = {
            "label": "Value",
            "similarity": st.column_config.NumberColumn(
                "Similarity",
                format="%.2f",
                help="The cosine of the angle between the two embeddings, over all dimensions",
            ),
            "users": st.column_config.NumberColumn("Users", format="localized"),
        }
        st.dataframe(
            nearest.dropna(axis="columns", how="all"),
            hide_index=True,
            height="content",
            alt="The most similar values",
            column_config=columns,
        )


def picture_in_words(share: float, has_users: bool) -> str:
    """Say how to read the picture, and how much of the truth it shows."""
    size = "Larger points have more users. " if has_users else ""
    trust = (
        "which is nearly all."
        if share >= 0.9
        else "so points may look close that are not. The similarities on the right count them all."
    )
    return (
        f"The network sees close points as similar; the directions have no meaning. {size}"
        "The chosen value and the most similar ones have names; point at any other. "
        f"The picture shows {share:.0%} of the differences between the values, {trust}"
    )
