"""Which groups a push by attributes should go to, and what such a push brings."""

import pandas as pd
import streamlit as st

from bootloader.app.downloads import as_csv
from bootloader.app.controls import choose_campaign
from bootloader.app.layout import title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State

# The attributes that a push tool can filter by, in the order in which a filter names them.
ATTRIBUTES = {
    "state": "State",
    "age": "Age",
    "gender_cleaned": "Gender",
    "device": "Device",
    "marital_status": "Marital status",
}
VALUES = {"gender_cleaned": {"F": "female", "M": "male"}}

# More cards than this are a list, and the table is the better list.
MOST_CARDS = 8

COLUMNS = {
    "recommended_position": st.column_config.NumberColumn(
        "Push", help="The order of the recommended segments; empty where none is recommended"
    ),
    "segment": "Segment",
    "users": st.column_config.NumberColumn("Users", format="localized"),
    "expected_funders": st.column_config.NumberColumn(
        "Expected funders", format="localized", help="Within the horizon, by the fund network"
    ),
    "lift": st.column_config.NumberColumn(
        "Lift (times)", format="%.2f", help="Funders so far, as a multiple of what is usual"
    ),
    "lift_low": st.column_config.NumberColumn("Lift from", format="%.2f", help="95% interval"),
    "lift_high": st.column_config.NumberColumn("Lift to", format="%.2f", help="95% interval"),
    "q_value": st.column_config.NumberColumn(
        "Chance finds",
        format="percent",
        help="How many of this segment and all more surprising ones would be there by chance",
    ),
    "observed_funders": st.column_config.NumberColumn("Have funded", format="localized"),
    "usual_funders": st.column_config.NumberColumn(
        "Usual", format="localized", help="How many would have funded if they were like everybody"
    ),
    **ATTRIBUTES,
}


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    campaign = state.campaign
    title(copy, state, "Which groups should we push to?")
    with st.container(width=280):
        choose_campaign(copy, state)
    segments = copy.query("push_segments", campaign=campaign)
    if segments.empty:
        st.info(
            "No group of users is large enough, or has funded enough, to tell it from everybody. "
            "Choose another campaign, or users one by one on the page Audience."
        )
        return
    recommended = segments[segments["is_recommended"]]
    if recommended.empty:
        st.info(
            f"None of the {len(segments):,} groups that were tested has funded so much more than "
            "everybody that it cannot be chance. Choose users one by one on the page Audience."
        )
    else:
        reach = copy.query("push_reach", campaign=campaign)
        st.markdown(
            f"Push to **{len(recommended)} of {len(segments):,} tested groups**: more of their "
            "users have funded than is usual for users who view as much, and that is no chance "
            "find. No user is in two of them."
        )
        cards(recommended, _horizon(reach))
        together(reach)
    table(segments, campaign)


def cards(recommended: pd.DataFrame, horizon: str) -> None:
    """Show each recommended segment: who, how many, what to expect, and the filter to set."""
    for number, segment in enumerate(recommended.head(MOST_CARDS).itertuples()):
        # Two in a row, so that on a phone, where columns are stacked, the order stays.
        if number % 2 == 0:
            row = st.columns(2)
        with row[number % 2].container(border=True):
            st.text(f"{segment.recommended_position}. {segment.segment}")
            with st.container(horizontal=True, gap="medium"):
                st.metric("Users", f"{segment.users:,}", width="content")
                st.metric(
                    "Expected funders",
                    _number(segment.expected_funders),
                    width="content",
                    help=f"How many will fund within {horizon}, by the fund network",
                )
                st.metric(
                    "Lift",
                    f"{segment.lift:.2f} times",
                    width="content",
                    help="Funders so far, as a multiple of what is usual for as many views",
                )
            st.caption(
                f"{segment.observed_funders:,} have funded, {segment.usual_funders:,.0f} would be "
                f"usual: {segment.lift_low:.2f} to {segment.lift_high:.2f} times as many, "
                "with 95% certainty."
            )
            st.code(filter_in_words(segment), language=None, wrap_lines=True)
    if len(recommended) > MOST_CARDS:
        st.caption(f"The first {MOST_CARDS} are shown; the table below has them all.")


def filter_in_words(segment: object) -> str:
    """Say which values of which attributes the push tool has to be set to."""
    values = {column: getattr(segment, column) for column in ATTRIBUTES}
    chosen = [
        f"{ATTRIBUTES[column].lower()} is {VALUES.get(column, {}).get(value, value)}"
        for column, value in values.items()
        if pd.notna(value)
    ]
    free = [ATTRIBUTES[column].lower() for column, value in values.items() if pd.isna(value)]
    rest = f"; any {', '.join(free)}" if free else ""
    return f"{' and '.join(chosen)}{rest}"


def together(reach: pd.DataFrame) -> None:
    """Show what the recommended segments reach together, expected and as it really was."""
    rows = reach.set_index(["cutoff", "targeting"])
    st.header("What they reach together")
    now, then = st.columns(2)
    if (0, "recommended_segments") in rows.index:
        with now.container(border=True):
            st.markdown(f"**A push of now**, as expected within {_horizon(reach)}")
            _reach(rows.loc[0], "expected_funders", "Expected funders")
    if (2, "recommended_segments") in rows.index:
        with then.container(border=True):
            begin = pd.Timestamp(reach["cut_at"].iloc[0])
            when = "then" if pd.isna(begin) else f"on {begin.day} {begin:%B %Y}"
            st.markdown(f"**A push {when}**, by who really funded in the {_horizon(reach)} after")
            _reach(rows.loc[2], "funders", "Real funders")


def _reach(rows: pd.DataFrame, measure: str, label: str) -> None:
    push = rows.loc["recommended_segments"]
    share = f"share_of_{measure}"
    with st.container(horizontal=True, gap="medium"):
        _metric("Users", push["users"], push["share_of_users"], "In all recommended segments")
        _metric(label, push[measure], push[share], f"{label} among them")
        if "individual_audience" in rows.index:
            best = rows.loc["individual_audience"]
            _metric(
                "One by one",
                best[measure],
                best[share],
                f"{label} among as many users chosen one by one, the likeliest first",
            )
    if pd.isna(push[measure]):
        st.caption("The fund network had too little to learn from to expect anything.")
        return
    st.caption(f"By lot, as many users would hold {push['share_of_users']:.0%} of the funders.")
    if "recommended_segments_nothing_excluded" in rows.index:
        free = rows.loc["recommended_segments_nothing_excluded"]
        st.caption(
            "This project leaves attributes out. With them, segments would reach "
            f"{free['users']:,} users and {_number(free[measure])} funders "
            f"({free[share]:.0%} of all)."
        )


def _metric(label: str, value: float, share: float, meaning: str) -> None:
    with st.container(width="content", gap=None):
        st.metric(label, _number(value), help=meaning)
        if pd.notna(share):
            st.caption(f"{share:.0%} of all")


def table(segments: pd.DataFrame, campaign: str) -> None:
    """Show all tested segments, those with the chosen attributes only, and let them be taken."""
    st.header("All tested segments")
    options = {
        f"{label}: {value}": (column, value)
        for column, label in ATTRIBUTES.items()
        for value in sorted(segments[column].dropna().unique())
    }
    chosen = st.multiselect(
        "Show segments with",
        options,
        key="segment_attributes",
        bind="query-params",
        placeholder="Any attribute",
        help="Two values of one attribute show the segments of either.",
    )
    for column in ATTRIBUTES:
        values = [options[name][1] for name in chosen if options[name][0] == column]
        if values:
            segments = segments[segments[column].isin(values)]
    if segments.empty:
        st.info("No tested segment has all of that. Take a value away.")
        return
    shown = segments[list(COLUMNS)]
    st.dataframe(
        shown.round({"expected_funders": 0, "usual_funders": 0}),
        hide_index=True,
        height=380,
        column_config=COLUMNS,
        placeholder="",
    )
    st.download_button(
        f"Download {len(shown):,} segments as CSV",
        as_csv(shown),
        file_name=f"{campaign}_segments.csv",
        mime="text/csv",
        help="An apostrophe stands before texts that a spreadsheet would run as a formula.",
    )


def _horizon(reach: pd.DataFrame) -> str:
    days = reach["horizon_days"].max()
    return "the horizon" if pd.isna(days) else f"{days:g} days"


def _number(value: float) -> str:
    return "unknown" if pd.isna(value) else f"{value:,.0f}"
