"""How large an audience should be, and the list to take away."""

import io

import altair as alt
import pandas as pd
import streamlit as st

from bootloader.app.downloads import spreadsheet_safe
from bootloader.app.ranking import COLUMNS, answer, choose_percent, choose_strategy
from bootloader.app.serving_copy import ServingCopy

# The two lines of the chart with their colours.
RANKINGS = {"This strategy": "#0072b2", "By chance": "#787878"}


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
    everybody = copy.query("ranked_users", campaign=campaign, strategy=strategy, percent=100)
    users = copy.query("ranked_users", campaign=campaign, strategy=strategy, percent=percent)
    if users.empty:
        st.warning(f"{percent}% of the users is less than one user. Choose a larger share.")
        return
    answer(copy, campaign, strategy, percent, users)
    if everybody["fund_probability"].notna().any():
        st.subheader("Size against reach")
        st.altair_chart(reach_chart(everybody, len(users)))
    st.subheader("The list")
    shown = users[list(COLUMNS)]
    st.dataframe(shown, hide_index=True, height=380, column_config=COLUMNS)
    name = f"{campaign}_{strategy}_{percent}_percent"
    csv, parquet = st.columns(2)
    csv.download_button(
        f"Download {len(users):,} users as CSV",
        spreadsheet_safe(shown).to_csv(index=False),
        file_name=f"{name}.csv",
        mime="text/csv",
        help="An apostrophe stands before texts that a spreadsheet would run as a formula.",
    )
    parquet.download_button(
        f"Download {len(users):,} users as Parquet",
        as_parquet(shown),
        file_name=f"{name}.parquet",
        mime="application/vnd.apache.parquet",
    )


def reach_chart(everybody: pd.DataFrame, chosen: int) -> alt.LayerChart:
    """Draw how the expected funders add up with the size of the audience, and by chance.

    Args:
        everybody: all users in the order of their rank, with their probability to fund.
        chosen: how many users are chosen; a line marks them.
    """
    funders = everybody["fund_probability"].cumsum()
    steps = sorted({round(position * (len(everybody) - 1) / 100) for position in range(101)})
    curve = pd.DataFrame(
        {
            "users": [step + 1 for step in steps],
            "This strategy": funders.iloc[steps].to_list(),
            "By chance": [funders.iloc[-1] * (step + 1) / len(everybody) for step in steps],
        }
    ).melt("users", var_name="ranking", value_name="funders")
    lines = (
        alt.Chart(curve)
        .mark_line()
        .encode(
            alt.X("users:Q", title="Users told", axis=alt.Axis(format=",d")),
            alt.Y("funders:Q", title="Expected funders", axis=alt.Axis(format=",d")),
            alt.Color(
                "ranking:N",
                title=None,
                scale=alt.Scale(domain=list(RANKINGS), range=list(RANKINGS.values())),
            ),
            alt.StrokeDash(
                "ranking:N", scale=alt.Scale(domain=list(RANKINGS), range=[[1, 0], [4, 4]])
            ),
            tooltip=[
                alt.Tooltip("ranking:N", title="Ranking"),
                alt.Tooltip("users:Q", title="Users told", format=",d"),
                alt.Tooltip("funders:Q", title="Expected funders", format=",.0f"),
            ],
        )
    )
    mark = (
        alt.Chart(pd.DataFrame({"users": [chosen]}))
        .mark_rule(strokeDash=[4, 4], color="#d55e00")
        .encode(alt.X("users:Q"), tooltip=[alt.Tooltip("users:Q", title="Chosen", format=",d")])
    )
    return (lines + mark).properties(height=320)


def as_parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
