"""The part of the Audience page that plans a push: how many to hold back, and the two files."""

import pandas as pd
import streamlit as st

from bootloader.app.downloads import as_csv, as_parquet
from bootloader.app.serving_copy import ServingCopy
from bootloader.plan_push import (
    CONTROL_PERCENTS,
    DEFAULT_CONTROL,
    default_push_id,
    expectation,
    users_to_notify,
)


def plan(copy: ServingCopy, campaign: str, strategy: str, percent: int) -> None:
    """Let the user choose a control group, say what it can show, and offer the plan's files.

    Args:
        copy: the build to plan from.
        campaign: what the push is about.
        strategy: how users are ranked.
        percent: the audience is the first so many percent of the ranking.
    """
    st.header("Plan a push")
    control = st.select_slider(
        "How many to hold back (% of the audience)",
        list(CONTROL_PERCENTS),
        DEFAULT_CONTROL,
        key="control",
        bind="query-params",
        help="Users who are not notified show what would have happened without the push.",
    )
    sizes = {
        "campaign": campaign, "strategy": strategy, "audience_percent": percent,
        "control_percent": control,
    }  # fmt: skip
    row = copy.query("push_plan", **sizes)
    if row.empty:
        st.warning("Nobody is ranked for this campaign. Choose another one.")
        return
    st.text(expectation(row.iloc[0]))
    for left_out in copy.query("left_out_users", **sizes).itertuples():
        st.text(f"Left out: {left_out.users:,} users, {left_out.reason}.")
    push_id = default_push_id(campaign, row["cut_at"].iloc[0])

    def drawn() -> pd.DataFrame:
        return copy.query_once("plan_push", push_id=push_id, starts_at=None, **sizes)

    with st.container(horizontal=True):
        # The files are made when they are asked for.
        st.download_button(
            "Download send.csv",
            lambda: as_csv(users_to_notify(drawn())),
            file_name="send.csv",
            mime="text/csv",
            on_click="ignore",
            help="The users to notify, and nobody else.",
        )
        st.download_button(
            "Download assignments.parquet",
            lambda: as_parquet(drawn()),
            file_name="assignments.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
            help="Who is notified and who is held back. Later builds need it: assignments_path.",
        )
    st.caption(
        f"The push is called {push_id}. `python -m bootloader.plan_push` makes the same files, "
        "under a name of your choice."
    )
