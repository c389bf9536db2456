"""What all pages have in common: the menu, the title, and what is said of the build."""

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State, problems

_FRONT_PAGE = "front_page"
_SHOWN_BUILD = "shown_build"


def show_menu(pages: list[StreamlitPage], state: State) -> None:
    """Link to all pages, the front page first; each link carries what the reader chose."""
    st.session_state[_FRONT_PAGE] = pages[0]
    with st.container(horizontal=True, key="menu", gap="small"):
        for page in pages:
            st.page_link(page, query_params=state.as_query(), width="content")


def page_link_to_audience(label: str, state: State) -> None:
    """Link to the front page in a state."""
    st.page_link(
        st.session_state[_FRONT_PAGE],
        label=label,
        icon=":material/arrow_forward:",
        query_params=state.as_query(),
        width="content",
    )


def title(copy: ServingCopy, state: State, question: str, is_of_campaign: bool = True) -> None:
    """Show the page's question, the campaign that it is asked for, and which data answer it."""
    with st.container(horizontal=True, key="head", gap="medium", vertical_alignment="center"):
        campaign = (
            f" {plain(state.campaign[:1].upper() + state.campaign[1:])}" if is_of_campaign else ""
        )
        st.title(f"{question}{campaign}", anchor=False, width="content")
        st.caption(build_in_words(copy), width="content")
    if state.name:
        st.text(f"Saved audience: {state.name}")
    for problem in problems():
        st.warning(plain(problem), icon=":material/link_off:")


def announce_another_build(copy: ServingCopy) -> None:
    """Say so when the page shows another build than a moment ago."""
    before = st.session_state.get(_SHOWN_BUILD)
    st.session_state[_SHOWN_BUILD] = copy.version
    if before not in (None, copy.version):
        st.toast(plain(f"This page now shows a newer build. {build_in_words(copy)}"))


def build_in_words(copy: ServingCopy) -> str:
    """Say until when the data reach, when the build was, and of how many users it is."""
    build = copy.query("build").iloc[0]
    parts = []
    if pd.notna(build["data_until"]):
        parts.append(f"Data until {day(build['data_until'])}")
    if pd.notna(build["as_of"]):
        parts.append(f"events before {build['as_of']:%Y-%m-%d %H:%M} UTC")
    parts.append(f"built {day(build['built_at'])}, {build['built_at']:%H:%M} UTC")
    parts.append(f"{build['users']:,} users")
    if build["findings"]:
        word = "finding" if build["findings"] == 1 else "findings"
        parts.append(f"{build['findings']:,} {word} about the data: see Data health")
    return " · ".join(parts)


def day(moment: Any) -> str:
    """Return a day in words, such as 31 March 2014."""
    moment = pd.Timestamp(moment)
    return f"{moment.day} {moment:%B %Y}"


def plain(text: str) -> str:
    """Return a text of the data so that Markdown shows it as it is."""
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in text)


_MARKS = set("\\`*_{}[]()<>#+-.!|~$:")
