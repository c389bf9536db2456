"""The app's table of contents: opens the last good build and shows the page that is asked for."""

from functools import partial
from pathlib import Path

import streamlit as st
from bootloader.app.pages import (
    audience,
    data_health,
    did_it_work,
    explorer,
    how_sure,
    map_of_users,
    segments,
)
from bootloader.app.serving_copy import NoServingCopyError, ServingCopy, open_serving_copy

# In the order of the menu; the first is the front page.
PAGES = {
    "map": ("Map", map_of_users.show),
    "audience": ("Audience", audience.show),
    "segments": ("Segments", segments.show),
    "how-sure": ("How sure", how_sure.show),
    "did-it-work": ("Did it work?", did_it_work.show),
    "data-health": ("Data health", data_health.show),
    "explorer": ("Explorer", explorer.show),
}


def main() -> None:
    """Show a page of the last good build, or say what is missing."""
    st.set_page_config(page_title="BootLoader audiences", page_icon="🚲", layout="wide")
    try:
        copy = open_serving_copy(Path(__file__).parent)
    except NoServingCopyError:
        st.title("Whom do we tell?")
        st.info("There is nothing to show yet. Run `make build`, then reload this page.")
        return
    with st.sidebar:
        campaign = choose_campaign(copy)
    page = st.navigation(
        [
            st.Page(partial(show, copy, campaign), title=title, url_path=path)
            for path, (title, show) in PAGES.items()
        ]
    )
    page.run()
    with st.sidebar:
        show_build(copy)


def choose_campaign(copy: ServingCopy) -> str:
    """Let the user choose a campaign; every page is about it, and the address keeps it."""
    categories = copy.query("campaigns").set_index("campaign")["categories"]
    campaign = st.selectbox("Campaign", categories.index, key="campaign", bind="query-params")
    if categories[campaign] != campaign:
        st.text(f"A project of {categories[campaign]}")
    return campaign


def show_build(copy: ServingCopy) -> None:
    """Say which build the app shows."""
    build = copy.query("build").iloc[0]
    cut = f"\nEvents before {build.as_of[:16]} UTC" if isinstance(build.as_of, str) else ""
    st.text(f"Build of {build.built_at[:16]} UTC\n{build.users:,} users{cut}")


main()
