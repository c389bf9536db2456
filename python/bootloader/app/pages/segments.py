"""Which groups a push by attributes should go to, and whether any group beats a random push."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from bootloader.app.controls import choose_campaign
from bootloader.app.layout import page_link_to_audience, title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State, change
from bootloader.attributes import USER_ATTRIBUTES
from bootloader.exports import as_csv, as_spreadsheet_csv

# What push tools and people call the values of these attributes.
VALUES = {"gender_cleaned": {"F": "female", "M": "male"}}

# More cards than this are a list, and the table is the better list.
MOST_CARDS = 6

COLUMNS = {
    "recommended_position": st.column_config.NumberColumn(
        "Push", width=60, help="The order of the recommended segments; empty for the others"
    ),
    "segment": st.column_config.TextColumn("Segment", width=200),
    "users": st.column_config.NumberColumn("Users", format="localized", width=80),
    "expected_funders": st.column_config.NumberColumn(
        "Expected funders",
        format="localized",
        width=120,
        help="How many of them are likely to fund, with or without a push",
    ),
    "expected_lift": st.column_config.NumberColumn(
        "x random",
        format="%.2f",
        width=90,
        help="Expected funders per user, as a multiple of what a random push has",
    ),
    "lift": st.column_config.NumberColumn(
        "Lift so far",
        format="%.2f",
        width=90,
        help="How many have funded, as a multiple of what is usual for users who view as much",
    ),
    "lift_low": st.column_config.NumberColumn(
        "From", format="%.2f", width=70, help="Lower end of its 95% interval"
    ),
    "lift_high": st.column_config.NumberColumn(
        "To", format="%.2f", width=70, help="Upper end of its 95% interval"
    ),
    "q_value": st.column_config.NumberColumn(
        "q value",
        format="%.3f",
        width=80,
        help="Which share of the segments up to this one is expected to be there by chance",
    ),
    "observed_funders": st.column_config.NumberColumn("Have funded", format="localized", width=100),
    "usual_funders": st.column_config.NumberColumn(
        "Usual",
        format="localized",
        width=80,
        help="How many would have funded if they were like everybody who views as much",
    ),
}


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    title(copy, state, "Which groups should we push to?")
    with st.container(width=260):
        choose_campaign(copy, state)
    segments = copy.query("push_segments", campaign=state.campaign)
    reach = copy.query("push_reach", campaign=state.campaign)
    recommended = segments[segments["is_recommended"]]
    if segments.empty:
        st.info(
            "No group of users is large enough, or has funded enough, to tell it from everybody."
        )
        page_link_to_audience("Use the list", state)
        return
    if recommended.empty or not beats_random(reach):
        st.info(
            f"**No segment beats a random push.** Use the list. None of the {len(segments):,} "
            "tested segments is sure to hold more expected funders per user than all users do.",
            icon=":material/info:",
        )
        page_link_to_audience("Use the list", state)
    else:
        show_reach(copy, state, reach, len(recommended), len(segments))
        show_cards(recommended, state)
    show_table(segments, state)


def beats_random(reach: pd.DataFrame) -> bool:
    """Return whether the recommended segments are expected to beat a random push."""
    rows = reach[(reach["cutoff"] == 0) & (reach["targeting"] == "recommended_segments")]
    if rows.empty:
        return False
    row = rows.iloc[0]
    # Without a fund network nothing is expected, and what was observed has to do.
    return pd.isna(row["expected_funders"]) or bool(
        row["share_of_expected_funders"] > row["share_of_users"]
    )


def show_reach(
    copy: ServingCopy, state: State, reach: pd.DataFrame, recommended: int, tested: int
) -> None:
    """Show what the push reaches, next to as many random users and as many users of the list."""
    rows = reach.set_index(["cutoff", "targeting"])
    horizon = _horizon(reach)
    st.markdown(
        f"Push to **{recommended} of {tested:,} tested segments**. "
        "No user is in two of them. The list reaches more with as many messages:"
    )
    now, then = st.columns(2)
    if (0, "recommended_segments") in rows.index:
        with now.container(border=True):
            st.markdown(f"**A push now**: likely to fund within {horizon}, with or without it")
            compare(rows.loc[0], "expected_funders")
    if (2, "recommended_segments") in rows.index:
        with then.container(border=True):
            begin = pd.Timestamp(reach["cut_at"].iloc[0])
            when = "before" if pd.isna(begin) else f"on {begin.day} {begin:%B %Y}"
            st.markdown(f"**A push {when}**: who really funded in the {horizon} after it")
            compare(rows.loc[2], "funders")
    with st.container(horizontal=True):
        page_link_to_audience("Use the list", state)
        st.download_button(
            "Ids of the recommended segments",
            lambda: as_csv(copy.query_once("push_users", campaign=state.campaign)),
            file_name=f"{state.campaign}_segment_users.csv",
            mime="text/csv",
            on_click="ignore",
            icon=":material/download:",
        )


def compare(rows: pd.DataFrame, measure: str) -> None:
    """Show the funders of the segments, of a random push and of the list, each of as many users."""
    push = rows.loc["recommended_segments"]
    everybody = rows.loc["everybody", measure] if "everybody" in rows.index else None
    random = None if everybody is None else everybody * push["share_of_users"]
    figures = {
        f"Segments, {push['users']:,} users": push[measure],
        "As many at random": random,
    }
    if "individual_audience" in rows.index:
        figures["As many from the list"] = rows.loc["individual_audience", measure]
    for column, (label, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(label, _number(value), border=True)
    if pd.isna(push[measure]):
        st.caption("The fund network had too little to learn from to expect anything.")
        return
    if random:
        st.caption(f"{push[measure] / random:.2f}x as many funders as a random push.")
    if "recommended_segments_nothing_excluded" in rows.index:
        free = rows.loc["recommended_segments_nothing_excluded"]
        st.caption(
            "This project leaves attributes out. With them, segments would reach "
            f"{free['users']:,} users and {_number(free[measure])} funders."
        )


def show_cards(recommended: pd.DataFrame, state: State) -> None:
    """Show each recommended segment: who, how many, what to expect, and the filter to set."""
    st.header("Recommended segments", anchor=False)
    for number, segment in enumerate(recommended.head(MOST_CARDS).itertuples()):
        # Two in a row, so that on a phone, where columns are stacked, the order stays.
        if number % 2 == 0:
            row = st.columns(2)
        with row[number % 2].container(border=True):
            st.text(f"{segment.recommended_position}. {segment.segment}")
            figures = st.columns(3)
            figures[0].metric("Users", f"{segment.users:,}")
            figures[1].metric("Expected funders", _number(segment.expected_funders))
            figures[2].metric(
                "Against random",
                "unknown" if pd.isna(segment.expected_lift) else f"{segment.expected_lift:.2f}x",
            )
            st.caption(
                f"{segment.observed_funders:,} have funded; {segment.usual_funders:,.0f} is usual "
                f"for users who view as much ({segment.lift_low:.2f}x to {segment.lift_high:.2f}x, "
                "95% interval)."
            )
            st.code(filter_in_words(segment), language=None, wrap_lines=True)
            page_link_to_audience("Open as a list", segment_state(segment, state))
    if len(recommended) > MOST_CARDS:
        st.caption(f"The first {MOST_CARDS} are shown; the table below has all of them.")


def segment_state(segment: object, state: State) -> State:
    """Return the state in which the front page lists everybody in a segment."""
    filters: dict[str, tuple[str, ...]] = {
        attribute: (getattr(segment, attribute),)
        for attribute in USER_ATTRIBUTES
        if pd.notna(getattr(segment, attribute))
    }
    return replace(state, filters=filters, size="percent", amount=100, user=None, place=None)


def filter_in_words(segment: object) -> str:
    """Say which values of which attributes the push tool has to be set to."""
    values = {column: getattr(segment, column) for column in USER_ATTRIBUTES}
    chosen = [
        f"{USER_ATTRIBUTES[column].lower()} is {VALUES.get(column, {}).get(value, value)}"
        for column, value in values.items()
        if pd.notna(value)
    ]
    free = [USER_ATTRIBUTES[column].lower() for column, value in values.items() if pd.isna(value)]
    rest = f"; any {', '.join(free)}" if free else ""
    return f"{' and '.join(chosen)}{rest}"


def show_table(segments: pd.DataFrame, state: State) -> None:
    """Show the tested segments with the chosen attributes, and offer them as a file."""
    st.header("All tested segments", anchor=False)
    options = {
        f"{label}: {value}": (column, value)
        for column, label in USER_ATTRIBUTES.items()
        for value in sorted(segments[column].dropna().unique())
    }
    chosen = [name for name in state.segments if name in options]
    st.session_state["segments"] = chosen
    st.multiselect(
        "Show segments with",
        options,
        key="segments",
        on_change=lambda: change(
            lambda state: replace(state, segments=tuple(st.session_state["segments"]))
        ),
        placeholder="Any attribute",
        help="Two values of one attribute show the segments of either.",
    )
    for column in USER_ATTRIBUTES:
        values = [options[name][1] for name in chosen if options[name][0] == column]
        if values:
            segments = segments[segments[column].isin(values)]
    if segments.empty:
        st.info("No tested segment has all of that. Take a value away.")
        return
    shown = segments[[name for name in (*COLUMNS, *USER_ATTRIBUTES) if name in segments]]
    st.dataframe(
        shown.round({"expected_funders": 0, "usual_funders": 0}),
        hide_index=True,
        height=380,
        column_config=COLUMNS | USER_ATTRIBUTES,
        placeholder="",
        alt="All tested segments",
    )
    st.download_button(
        f"Download {len(shown):,} segments",
        lambda: as_spreadsheet_csv(shown),
        file_name=f"{state.campaign}_segments-for-spreadsheets.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        help="CSV for a spreadsheet: an apostrophe precedes what it would run as a formula.",
    )


def _horizon(reach: pd.DataFrame) -> str:
    days = reach["horizon_days"].max()
    return "the horizon" if pd.isna(days) else f"{days:g} days"


def _number(value: float | None) -> str:
    return "unknown" if pd.isna(value) else f"{value:,.0f}"
