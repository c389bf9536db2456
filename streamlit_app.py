"""The map of similar users: pick a campaign, see who is alike and where they are, take the list."""

from pathlib import Path

import pandas as pd
import streamlit as st
from bootloader.app.downloads import spreadsheet_safe
from bootloader.app.map_layers import campaign_deck, legend
from bootloader.app.serving_copy import NoServingCopyError, ServingCopy, open_serving_copy

COLOUR_BY = {
    "Age": "age",
    "Marital status": "marital_status",
    "Device": "device",
    "Gender": "gender_cleaned",
    "State": "state",
}
DEFAULT_PERCENT = 25

# More points than this make the browser slow and hide each other.
MOST_POINTS = 20_000

TABLE_COLUMNS = {
    "similarity_rank": st.column_config.NumberColumn("Rank", help="1 is the most similar user"),
    "similarity": st.column_config.NumberColumn(
        "Similarity", format="%.3f", help="Cosine of the two users' embeddings, from -1 to 1"
    ),
    "session_id": "User (session_id)",
    "age": "Age",
    "marital_status": "Marital status",
    "device": "Device",
    "gender_cleaned": "Gender",
    "city": "City",
    "state": "State",
    "zip_code": "Zip code",
    "latitude": st.column_config.NumberColumn("Latitude (°)", format="%.4f"),
    "longitude": st.column_config.NumberColumn("Longitude (°)", format="%.4f"),
}


def main() -> None:
    """Show the page, or say what is missing."""
    st.set_page_config(page_title="BootLoader audiences", page_icon="🚲", layout="wide")
    st.title("Who is like the best funder?")
    try:
        copy = open_serving_copy(Path(__file__).parent)
    except NoServingCopyError:
        st.info("There is nothing to show yet. Run `make build`, then reload this page.")
        return

    campaign, percent, colour_label = choose(copy)
    users = copy.query("similar_users", campaign=campaign, percent=percent)
    if users.empty:
        st.warning(
            f"Nobody is listed for {campaign} among the most similar {percent}% of users. Either "
            "nobody has funded a project of its categories yet, or that is less than one user. "
            "Choose another campaign or a larger share."
        )
    else:
        reference = copy.query("reference", campaign=campaign)
        describe(users, reference, percent)
        draw(users, reference, colour_label)
        offer(users, campaign, percent)
    show_build(copy)


def choose(copy: ServingCopy) -> tuple[str, int, str]:
    """Let the user choose campaign, share and colour; the address of the page keeps the choice."""
    campaigns = copy.query("campaigns").set_index("campaign")["categories"]
    left, middle, right = st.columns(3)
    campaign = left.selectbox(
        "Campaign",
        campaigns.index,
        format_func=lambda name: name if campaigns[name] == name else f"{name} ({campaigns[name]})",
        key="campaign",
        bind="query-params",
    )
    percent = middle.slider(
        "Most similar users (% of all users)",
        min_value=1,
        max_value=100,
        value=DEFAULT_PERCENT,
        format="%d%%",
        key="percent",
        bind="query-params",
        help="The best funder counts as the first of them and is not listed.",
    )
    colour_label = right.selectbox("Colour by", COLOUR_BY, key="colour", bind="query-params")
    return campaign, percent, colour_label


def describe(users: pd.DataFrame, reference: pd.DataFrame, percent: int) -> None:
    """Say in words whom the page shows, and how far to trust it."""
    best = reference.iloc[0]
    traits = [best[column] for column in ("age", "gender_cleaned", "marital_status", "device")]
    known = ", ".join(str(trait) for trait in traits if pd.notna(trait))
    place = ", ".join(str(best[column]) for column in ("city", "state") if pd.notna(best[column]))
    st.text(
        f"{len(users):,} users: the {percent}% most similar to the campaign's best funder "
        f"({known}; {place}), who is circled on the map. Similarity runs from "
        f"{users['similarity'].max():.3f} down to {users['similarity'].min():.3f}."
    )
    st.caption(
        "Alike does not mean likely to fund: where a user lives weighs most in this similarity."
    )


def draw(users: pd.DataFrame, reference: pd.DataFrame, colour_label: str) -> None:
    """Show the map and its legend."""
    column = COLOUR_BY[colour_label]
    mapped = users.dropna(subset=["latitude", "longitude"])
    shown = mapped.head(MOST_POINTS)
    if len(shown) < len(users):
        st.info(
            f"The map shows {len(shown):,} of {len(users):,} users: "
            f"{len(users) - len(mapped):,} have no coordinates, and it takes the "
            f"{MOST_POINTS:,} most similar at most. The table has them all.",
        )
    entries = legend(users[column])
    chart, key = st.columns([5, 1])
    chart.pydeck_chart(campaign_deck(shown, column, entries, reference), height=520)
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


def offer(users: pd.DataFrame, campaign: str, percent: int) -> None:
    """Show the list and let it be downloaded."""
    st.dataframe(users, hide_index=True, height=320, column_config=TABLE_COLUMNS)
    st.download_button(
        f"Download {len(users):,} users as CSV",
        spreadsheet_safe(users).to_csv(index=False),
        file_name=f"similar_users_{campaign}_{percent}_percent.csv",
        mime="text/csv",
    )


def show_build(copy: ServingCopy) -> None:
    """Say which build the page shows."""
    build = copy.query("build").iloc[0]
    cut = "" if pd.isna(build.as_of) else f", events before {build.as_of[:16]} UTC"
    st.caption(f"Build of {build.built_at[:16]} UTC: {build.users:,} users{cut}.")


main()
