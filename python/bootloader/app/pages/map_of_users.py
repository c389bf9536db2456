"""The front page: where the users are that a campaign should tell first, and how sure that is."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from bootloader.app.map_layers import (
    CELLS,
    UNKNOWN,
    USERS,
    campaign_deck,
    cells_layer,
    legend,
    users_layer,
)
from bootloader.app.ranking import (
    ATTRIBUTES,
    COLUMNS,
    Chosen,
    answer,
    choose,
    choose_percent,
    choose_strategy,
    ranked_users,
)
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.viewport import first_zoom

# More points than this make the browser slow and hide each other: then cells of a grid are drawn.
MOST_POINTS = 20_000
CELL_DEGREES = 0.5

MOST_IN_CELL = 5
MOST_SIMILAR = 5
SIMILAR_COLUMNS = COLUMNS | {
    "similarity": st.column_config.NumberColumn(
        "Similarity",
        format="%.3f",
        help="The cosine of the angle between what the notebook's network knows of two users",
    )
}


def show(copy: ServingCopy, campaign: str) -> None:
    """Draw the page."""
    st.title("Whom do we tell?")
    left, middle, right = st.columns(3)
    with left:
        strategy = choose_strategy(copy, campaign)
    if strategy is None:
        st.warning(
            "Nobody is ranked for this campaign: no event is of one of its categories. "
            "Choose another campaign."
        )
        return
    with middle:
        percent = choose_percent()
    colour_label = right.selectbox("Colour by", ATTRIBUTES, key="colour", bind="query-params")
    chosen = choose(copy, campaign, strategy, percent)
    if chosen is None:
        return
    answer(copy, chosen, percent)
    draw(copy, replace(chosen, filters=choose_filters(copy)), colour_label)


def choose_filters(copy: ServingCopy) -> dict[str, list[str]]:
    """Let the user narrow the map to some values of each attribute."""
    values = copy.query("user_values", unknown=UNKNOWN)
    filters = {}
    with st.expander("Filter the map by attributes"):
        for place, (label, column) in zip(
            st.columns(len(ATTRIBUTES)), ATTRIBUTES.items(), strict=True
        ):
            filters[column] = place.multiselect(
                label,
                values.loc[values["attribute"] == column, "value"],
                key=f"filter_{column}",
                bind="query-params",
                placeholder="Any",
            )
    return filters


def draw(copy: ServingCopy, chosen: Chosen, colour_label: str) -> None:
    """Show the map, its legend, and the user or the cell that is selected on it."""
    column = ATTRIBUTES[colour_label]
    cells = copy.query("map_cells", **chosen.parameters, colour_by=column, degrees=CELL_DEGREES)
    if cells.empty:
        st.info("No user fits these filters. Take one of them away.")
        return
    counts = cells.groupby("value")["users"].sum()
    entries = legend(counts)
    if counts.sum() > MOST_POINTS:
        users = None
        layer = cells_layer(cells, CELL_DEGREES, entries)
    else:
        users = ranked_users(copy, chosen, max_users=MOST_POINTS)
        layer = users_layer(users, column, entries)
    explain(cells, users is None)
    chart, key = st.columns([5, 1])
    with chart:
        event = st.pydeck_chart(
            campaign_deck(layer, reference(copy, chosen), first_zoom()),
            height=520,
            on_select=look_at_selected,
            selection_mode="single-object",
            key="map",
            alt=f"Map of the users to tell, coloured by {colour_label.lower()}",
        )
    with key:
        show_legend(colour_label, entries)
    if users is None:
        show_cell(copy, chosen, _selected(event, CELLS))
    else:
        show_user(copy, users)


def reference(copy: ServingCopy, chosen: Chosen) -> pd.DataFrame:
    """Return the user that the others are compared with, for the strategy that has one."""
    users = copy.query("reference", campaign=chosen.campaign)
    return users if chosen.strategy == "notebook_look_alike" else users.head(0)


def explain(cells: pd.DataFrame, are_cells: bool) -> None:
    """Say what the map leaves out, and what a circle stands for."""
    unplaced = cells.loc[cells["west"].isna() | cells["south"].isna(), "users"].sum()
    if unplaced:
        st.info(
            f"{unplaced:,} of {cells['users'].sum():,} users have no coordinates and are not on "
            "the map. The audience page lists them as well."
        )
    if are_cells:
        st.caption(
            f"{cells['users'].sum():,} users are too many to tell apart: each circle stands for "
            f"those within {CELL_DEGREES}° of latitude and longitude. Its size says how many they "
            "are, its colour what most of them are. Filters bring the single users back, up to "
            f"{MOST_POINTS:,}."
        )


def show_legend(title: str, entries: pd.DataFrame) -> None:
    """Say what the colours mean, and how many users each stands for."""
    st.markdown(f"**{title}**")
    for entry in entries.itertuples():
        swatch, text = st.columns([1, 6], vertical_alignment="center")
        # The colour is ours; the value comes from the data and is shown as plain text.
        swatch.html(
            '<span aria-hidden="true" style="display:inline-block;width:0.9em;height:0.9em;'
            f'border-radius:50%;background:rgb({entry.red},{entry.green},{entry.blue})"></span>'
        )
        text.text(f"{entry.value}  {entry.users:,}")


def _selected(event: object, layer: str) -> dict:
    """Return what the browser says is selected, which is only ever looked up, or nothing."""
    objects = event.selection.get("objects", {}).get(layer, [])
    return objects[0] if objects and isinstance(objects[0], dict) else {}


def look_at_selected() -> None:
    """Take the rank of the user that was clicked, as if it had been typed: then a link holds it."""
    rank = _selected(st.session_state["map"], USERS).get("r")
    if isinstance(rank, int):
        st.session_state["rank"] = rank


def show_user(copy: ServingCopy, users: pd.DataFrame) -> None:
    """Say who the user is that was clicked or looked for, why, and who is most similar."""
    last_rank = int(users["score_rank"].max())
    if not 1 <= (st.session_state.get("rank") or 1) <= last_rank:
        st.session_state["rank"] = None
    rank = st.number_input(
        "Look at the user of rank",
        min_value=1,
        max_value=last_rank,
        value=None,
        key="rank",
        bind="query-params",
        placeholder="a point on the map, or a number here",
        width=360,
    )
    if rank is None:
        return
    found = users[users["score_rank"] == rank]
    if found.empty:
        st.caption("The user of that rank does not pass the filters.")
        return
    user = found.iloc[0]
    known = ", ".join(
        str(user[column])
        for column in ("age", "gender_cleaned", "marital_status", "device", "city", "state")
        if pd.notna(user[column])
    )
    with st.container(border=True):
        st.text(f"Rank {user['score_rank']:,}: {known}\nUser {user['session_id']}")
        if pd.notna(user["fund_probability"]):
            st.text(f"Probability to fund: {user['fund_probability']:.1%}")
        if user["reasons"]:
            st.text(f"Why: {user['reasons']}")
        similar = copy.query("similar_to", session_id=user["session_id"], max_users=MOST_SIMILAR)
        if not similar.empty:
            st.text("Most similar by attributes and place, as the notebook's network sees them:")
            st.dataframe(similar, hide_index=True, column_config=SIMILAR_COLUMNS, placeholder="")


def show_cell(copy: ServingCopy, chosen: Chosen, selected: dict) -> None:
    """Name the first users of the selected circle."""
    west, south = selected.get("west"), selected.get("south")
    if not all(isinstance(side, int | float) for side in (west, south)):
        st.caption("Select a circle to see who comes first there.")
        return
    users = ranked_users(copy, chosen, max_users=MOST_IN_CELL, cell=(west, south, CELL_DEGREES))
    st.text(f"The first {len(users):,} users around {selected.get('w', 'there')}:")
    st.dataframe(users[list(COLUMNS)], hide_index=True, column_config=COLUMNS, placeholder="")
