"""The section of the front page that plans a push: how many to hold back, and the two files."""

import pandas as pd
import streamlit as st

from bootloader.app.audience import Audience
from bootloader.app.state import set_field
from bootloader.exports import as_csv, as_parquet
from bootloader.plan_push import CONTROL_PERCENTS, default_push_id, expectation, users_to_notify


def show_plan(audience: Audience) -> None:
    """Let the reader choose a control group, say what it can show, and offer the plan's files."""
    state, copy = audience.state, audience.copy
    st.header("Plan a push", anchor=False)
    if state.filters or state.size != "percent":
        st.info(
            "A plan is for the first users of a ranking: take the filters away, and choose the "
            "size by the share of users."
        )
        return
    st.session_state["control"] = state.control
    st.select_slider(
        "How many to hold back (% of the audience)",
        list(CONTROL_PERCENTS),
        key="control",
        on_change=set_field,
        args=("control", "control"),
        help="Users who are not notified show what would have happened without the push.",
        width=420,
    )
    sizes = {
        "campaign": state.campaign,
        "strategy": state.strategy,
        "audience_percent": state.amount,
        "control_percent": state.control,
    }
    row = copy.query("push_plan", **sizes)
    if row.empty:
        st.info("This build has no plan for this strategy. Choose another one.")
        return
    st.text(expectation(row.iloc[0]))
    for left_out in copy.query("left_out_users", **sizes).itertuples():
        st.text(f"Left out: {left_out.users:,} users, {left_out.reason}.")
    push_id = default_push_id(state.campaign, row["cut_at"].iloc[0])

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
