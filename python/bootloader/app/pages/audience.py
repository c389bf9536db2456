"""The front page: who to notify, what that brings, where they are, and the list to take away."""

from dataclasses import replace
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from bootloader.app.audience import Audience, measured_in_words, strategy_in_words
from bootloader.app.audience_map import extent, show_map
from bootloader.app.audience_sections import show_sections, show_selected
from bootloader.app.charts import reach_chart
from bootloader.app.controls import (
    choose_campaign,
    choose_colors,
    choose_filters,
    choose_size,
    choose_strategy,
)
from bootloader.app.layout import title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import MOST_IN_NAME, State, change, set_field
from bootloader.app.strategies import strategy_of
from bootloader.app.theme import theme
from bootloader.exports import as_csv, as_parquet, as_spreadsheet_csv

_REACH = "reach"
_MOST_CATEGORIES = 10


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    title(copy, state, "Who should we notify?")
    audience = Audience(copy, state)
    with st.container(key="controls"):
        campaign, strategy, size, colors = st.columns(
            [0.8, 1.25, 1.75, 1.75], vertical_alignment="bottom"
        )
    with campaign:
        choose_campaign(copy, state)
    if state.strategy is None:
        st.warning(
            "Nobody is ranked for this campaign: no event is of one of its categories. Choose "
            "another campaign, or add a line for a category that the events have to "
            "`seeds/campaigns.csv` and run `make build`."
        )
        categories = copy.query("frequent_categories", most=_MOST_CATEGORIES)["category"]
        st.text(f"The most frequent categories are: {', '.join(categories)}")
        return
    explanation = (
        f"{strategy_of(copy, state.strategy).explanation} {strategy_in_words(copy, state)}"
    )
    with strategy:
        choose_strategy(copy, state, explanation)
    with size:
        choose_size(audience)
    with colors:
        choose_colors(state, with_states=extent(copy).is_usa)
    chips, sentence = st.columns([1, 1], vertical_alignment="center")
    with chips:
        choose_filters(copy, state)
    with sentence:
        say_how_many(audience)
    map_side, answer_side = st.columns([1.45, 1])
    # The figures do not wait for the map.
    with answer_side, st.container(key="answer"):
        show_answer(audience)
    with map_side:
        show_map(audience)
    if audience.totals["users"]:
        show_sections(audience)


def say_how_many(audience: Audience) -> None:
    """Say how many users are notified, by which strategy, and what the map leaves out."""
    totals = audience.totals
    text = f"Notify {audience.sentence()}. {strategy_in_words(audience.copy, audience.state)}"
    if off_map := int(totals["users"] - totals["users_on_map"]):
        text += f" {off_map:,} without a place on the map."
    left_out = audience.copy.query(
        "left_out_of_ranking",
        campaign=audience.state.campaign,
        strategy=audience.state.strategy,
    )
    if len(left_out):
        reasons = ", ".join(f"{row.users:,} {row.reason}" for row in left_out.itertuples())
        text += f" Not in any list: {reasons}."
    st.text(text)


def show_answer(audience: Audience) -> None:
    """Show what the audience brings, how sure that is, how the size matters, and the files."""
    if not audience.totals["users"]:
        st.warning("Nobody is left. Choose a larger size, or take a filter away.")
        return
    show_figures(audience)
    if audience.state.user or audience.state.place:
        show_selected(audience)
    else:
        show_curve(audience)
    show_downloads(audience)
    st.caption(measured_in_words(audience))


def show_figures(audience: Audience) -> None:
    """Show the four figures."""
    totals, measured = audience.totals, audience.measured
    days = audience.copy.query("build").iloc[0]["horizon_days"]
    within = "soon" if pd.isna(days) else f"within {days:g} days"
    lift = "not tested" if measured is None else f"{measured['lift']:.1f}x"
    funders, amount = totals["expected_funders"], totals["expected_amount"]
    first, second = st.columns(2), st.columns(2)
    first[0].metric("Users to notify", f"{totals['users']:,.0f}", border=True)
    first[1].metric(
        "Better than random" + (", all users" if audience.state.filters else ""),
        lift,
        border=True,
        help=measured_in_words(audience),
    )
    second[0].metric(
        "Expected funders",
        "unknown" if pd.isna(funders) else f"{funders:,.0f}",
        border=True,
        help=f"Likely to fund {within} with or without a push. As many random users: "
        f"{totals['expected_at_random']:,.0f}.",
    )
    second[1].metric(
        "Expected amount",
        "unknown" if pd.isna(amount) else f"{audience.copy.money} {amount:,.0f}",
        border=True,
        help=f"What these funders are likely to give {within}, with or without a push.",
    )


def show_curve(audience: Audience) -> None:
    """Draw what each size brings; a click on the curve chooses the size."""
    curve = audience.copy.query("reach_curve", **audience.ranking)
    if curve["expected_funders"].isna().all():
        st.info("The fund network had too little to learn from, so nothing is expected.")
        return

    def take_over() -> None:
        points = st.session_state[_REACH]["selection"].get("size", [])
        chosen = points[0].get("users") if points else None
        if isinstance(chosen, int | float) and chosen >= 1:
            set_users(audience, int(chosen))

    st.altair_chart(
        reach_chart(curve, int(audience.totals["users"]), audience.copy.money, theme()),
        key=_REACH,
        on_select=take_over,
        selection_mode="size",
        alt="Expected funders by how many users are notified, against a random push",
    )
    for best in curve[curve["is_suggested"]].itertuples():
        st.button(
            f"Suggested size: {best.users:,} users, {best.expected_funders:,.0f} expected funders",
            key="suggested",
            type="tertiary",
            icon=":material/lightbulb:",
            on_click=set_users,
            args=(audience, int(best.users)),
            help="From here on, a further user is less likely to fund than the average one. "
            "A click on the curve chooses any other size.",
        )


def set_users(audience: Audience, users: int) -> None:
    """Choose a size of so many users, in the unit that is in use where it can say that."""
    passing = max(int(audience.totals["passing_users"]), 1)

    def with_users(state: State) -> State:
        if state.size == "percent":
            return replace(state, amount=min(max(round(100 * users / passing), 1), 100))
        if state.size == "messages":
            return replace(state, amount=users * state.per_user)
        return replace(state, size="users", amount=users)

    change(with_users)


def show_downloads(audience: Audience) -> None:
    """Offer the audience as files; they are made when they are asked for."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            f"Download {audience.totals['users']:,.0f} users",
            lambda: as_spreadsheet_csv(audience.users()),
            file_name=f"{audience.file_name('users')}-for-spreadsheets.csv",
            mime="text/csv",
            on_click="ignore",
            type="primary",
            icon=":material/download:",
            help="CSV for a spreadsheet: texts that it would run as a formula begin with an "
            "apostrophe. For machines, take the ids or Parquet.",
        )
        st.download_button(
            "Ids only",
            lambda: as_csv(audience.copy.query_once("audience_ids", **audience.parameters)),
            file_name=f"{audience.file_name('ids')}.csv",
            mime="text/csv",
            on_click="ignore",
            help="CSV with one session_id per line, exactly as the app has it, for the tool that "
            "sends the push.",
        )
        st.download_button(
            "Parquet",
            lambda: as_parquet(audience.users()),
            file_name=f"{audience.file_name('users')}.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
        )
        with st.popover("Save", icon=":material/bookmark:"):
            save(audience.state)


def save(state: State) -> None:
    """Let the reader name the audience, and give a link that holds the name and all choices."""
    st.session_state["name"] = state.name
    st.text_input(
        "Name",
        max_chars=MOST_IN_NAME,
        key="name",
        on_change=set_field,
        args=("name", "name"),
        placeholder="such as Spring bicycle push",
    )
    st.caption("This link opens the audience again. Bookmark it, or send it to a colleague.")
    address = (st.context.url or "").partition("?")[0]
    st.code(f"{address}?{urlencode(state.as_query(), doseq=True)}", language=None, wrap_lines=True)
