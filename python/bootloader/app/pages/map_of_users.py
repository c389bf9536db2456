"""The front page: where the users are that a campaign should tell first, and how sure that is."""

import pandas as pd
import streamlit as st

from bootloader.app.map_layers import UNKNOWN, campaign_deck, legend
from bootloader.app.ranking import answer, choose_percent, choose_strategy
from bootloader.app.serving_copy import ServingCopy

COLOUR_BY = {
    "Age": "age",
    "Marital status": "marital_status",
    "Device": "device",
    "Gender": "gender_cleaned",
    "State": "state",
}

# More points than this make the browser slow and hide each other.
MOST_POINTS = 20_000


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
    colour_label = right.selectbox("Colour by", COLOUR_BY, key="colour", bind="query-params")
    users = copy.query("ranked_users", campaign=campaign, strategy=strategy, percent=percent)
    if users.empty:
        st.warning(f"{percent}% of the users is less than one user. Choose a larger share.")
        return
    answer(copy, campaign, strategy, percent, users)
    users = filtered(users)
    if users.empty:
        st.info("No user fits these filters. Take one of them away.")
        return
    reference = (
        copy.query("reference", campaign=campaign)
        if strategy == "notebook_look_alike"
        else users.head(0)
    )
    draw(users, reference, colour_label)


def filtered(users: pd.DataFrame) -> pd.DataFrame:
    """Let the user narrow the map to some values of each attribute."""
    with st.expander("Filter the map by attributes"):
        for place, (label, column) in zip(
            st.columns(len(COLOUR_BY)), COLOUR_BY.items(), strict=True
        ):
            values = users[column].fillna(UNKNOWN)
            chosen = place.multiselect(label, sorted(values.unique()), key=f"filter_{column}")
            if chosen:
                users = users[values.isin(chosen)]
    return users


def draw(users: pd.DataFrame, reference: pd.DataFrame, colour_label: str) -> None:
    """Show the map, its legend, and the user that is selected on it."""
    column = COLOUR_BY[colour_label]
    mapped = users.dropna(subset=["latitude", "longitude"])
    shown = mapped.head(MOST_POINTS)
    if len(shown) < len(users):
        st.info(
            f"The map shows {len(shown):,} of {len(users):,} users: "
            f"{len(users) - len(mapped):,} have no coordinates, and it takes the first "
            f"{MOST_POINTS:,} at most. The audience page has them all.",
        )
    entries = legend(users[column])
    chart, key = st.columns([5, 1])
    with chart:
        event = st.pydeck_chart(
            campaign_deck(shown, column, entries, reference),
            height=520,
            on_select="rerun",
            selection_mode="single-object",
            key="map",
        )
        show_selected(event, users)
    with key:
        st.markdown(f"**{colour_label}**")
        for entry in entries.itertuples():
            swatch, text = st.columns([1, 6], vertical_alignment="center")
            # The colour is ours; the value comes from the data and is shown as plain text.
            swatch.html(
                '<span aria-hidden="true" style="display:inline-block;width:0.9em;height:0.9em;'
                f'border-radius:50%;background:rgb({entry.red},{entry.green},{entry.blue})"></span>'
            )
            text.text(f"{entry.value}  {entry.users:,}")


def show_selected(event: object, users: pd.DataFrame) -> None:
    """Say who the selected user is, and why. What comes back from the browser is only looked up."""
    objects = event.selection.get("objects", {}).get("users", [])
    ranks = [item.get("score_rank") for item in objects if isinstance(item, dict)]
    selected = users[users["score_rank"].isin([rank for rank in ranks if isinstance(rank, int)])]
    if selected.empty:
        st.caption("Select a point to see who it is and why.")
        return
    user = selected.iloc[0]
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
