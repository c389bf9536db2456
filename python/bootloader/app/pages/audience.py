"""How large an audience should be, and the list to take away."""

import altair as alt
import pandas as pd
import streamlit as st

from bootloader.app.downloads import as_csv, as_parquet
from bootloader.app.ranking import (
    COLUMNS,
    answer,
    choose,
    choose_percent,
    choose_strategy,
    ranked_users,
)
from bootloader.app.serving_copy import ServingCopy

# The two lines of the chart with their colours.
RANKINGS = {"This strategy": "#0072b2", "By chance": "#787878"}


# A longer list is for a file.
MOST_LISTED = 5_000


def show(copy: ServingCopy, campaign: str) -> None:
    """Draw the page."""
    st.title("How many, and who?")
    left, right = st.columns(2)
    with left:
        strategy = choose_strategy(copy, campaign)
    if strategy is None:
        st.warning("Nobody is ranked for this campaign. Choose another one.")
        return
    with right:
        percent = choose_percent()
    chosen = choose(copy, campaign, strategy, percent)
    if chosen is None:
        return
    answer(copy, chosen, percent)
    size = int(chosen.totals["users"])
    show_curves(copy.query("reach_curve", campaign=campaign, strategy=strategy), size)
    st.header("The list")
    if size > MOST_LISTED:
        st.caption(f"The first {MOST_LISTED:,} are shown; the files have all {size:,}.")
    users = ranked_users(copy, chosen, max_users=MOST_LISTED)
    st.dataframe(users[list(COLUMNS)], hide_index=True, height=380, column_config=COLUMNS)
    name = f"{campaign}_{strategy}_{percent}_percent"
    with st.container(horizontal=True):
        # The files are made when they are asked for: a long list is not carried along for nothing.
        st.download_button(
            f"Download {size:,} users as CSV",
            lambda: as_csv(ranked_users(copy, chosen)[list(COLUMNS)]),
            file_name=f"{name}.csv",
            mime="text/csv",
            on_click="ignore",
            help="An apostrophe stands before texts that a spreadsheet would run as a formula.",
        )
        st.download_button(
            f"Download {size:,} users as Parquet",
            lambda: as_parquet(ranked_users(copy, chosen)[list(COLUMNS)]),
            file_name=f"{name}.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
        )


def show_curves(curve: pd.DataFrame, chosen: int) -> None:
    """Show what each size brings, and how fast the users that come later are less likely."""
    reach, fall = st.columns(2)
    if curve["expected_funders"].notna().any():
        with reach:
            st.header("Size against reach")
            st.altair_chart(
                reach_chart(curve, chosen),
                alt="Expected funders by how many users are told, against chance",
            )
    with fall:
        st.header("How the score falls")
        st.altair_chart(
            score_chart(curve, chosen), alt="The strategy's score by rank, highest first"
        )


def reach_chart(curve: pd.DataFrame, chosen: int) -> alt.LayerChart:
    """Draw how the expected funders add up with the size of the audience, and by chance.

    Args:
        curve: sizes in users, rising to everybody, with expected_funders and expected_amount
            (US dollars) of all up to there.
        chosen: how many users are chosen; a line marks them.
    """
    everybody = curve.iloc[-1]
    share = curve["users"] / everybody["users"]
    measures = ["expected_funders", "expected_amount"]
    frame = pd.concat(
        [
            curve[["users", *measures]].assign(ranking="This strategy"),
            pd.DataFrame(
                {
                    "users": curve["users"],
                    **{measure: everybody[measure] * share for measure in measures},
                    "ranking": "By chance",
                }
            ),
        ]
    )
    lines = (
        alt.Chart(frame)
        .mark_line()
        .encode(
            alt.X("users:Q", title="Users told", axis=alt.Axis(format=",d")),
            alt.Y("expected_funders:Q", title="Expected funders", axis=alt.Axis(format=",d")),
            alt.Color(
                "ranking:N",
                scale=alt.Scale(domain=list(RANKINGS), range=list(RANKINGS.values())),
                legend=alt.Legend(title=None, orient="bottom"),
            ),
            alt.StrokeDash(
                "ranking:N", scale=alt.Scale(domain=list(RANKINGS), range=[[1, 0], [4, 4]])
            ),
            tooltip=[
                alt.Tooltip("ranking:N", title="Ranking"),
                alt.Tooltip("users:Q", title="Users told", format=",d"),
                alt.Tooltip("expected_funders:Q", title="Expected funders", format=",.0f"),
                alt.Tooltip("expected_amount:Q", title="Expected amount (US$)", format=",.0f"),
            ],
        )
    )
    return (lines + _mark(chosen)).properties(height=320)


def score_chart(curve: pd.DataFrame, chosen: int) -> alt.LayerChart:
    """Draw how what the strategy ranks by falls from the first user to the last.

    Args:
        curve: ranks as users, with score, and fund_probability from 0 to 1 or missing.
        chosen: how many users are chosen; a line marks them.
    """
    line = (
        alt.Chart(curve)
        .mark_line(color=RANKINGS["This strategy"])
        .encode(
            alt.X("users:Q", title="Rank", axis=alt.Axis(format=",d")),
            alt.Y("score:Q", title="Score, in the strategy's own unit"),
            tooltip=[
                alt.Tooltip("users:Q", title="Rank", format=",d"),
                alt.Tooltip("score:Q", title="Score", format=".3f"),
                alt.Tooltip("fund_probability:Q", title="Probability to fund", format=".1%"),
            ],
        )
    )
    return (line + _mark(chosen)).properties(height=320)


def _mark(chosen: int) -> alt.Chart:
    """Return the line that marks how many users are chosen."""
    return (
        alt.Chart(pd.DataFrame({"users": [chosen]}))
        .mark_rule(strokeDash=[4, 4], color="#d55e00")
        .encode(alt.X("users:Q"), tooltip=[alt.Tooltip("users:Q", title="Chosen", format=",d")])
    )
