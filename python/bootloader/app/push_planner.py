"""The section of the front page that plans a push: how many to hold back, and the two files."""

from pathlib import Path

import streamlit as st

from bootloader.app.audience import Audience
from bootloader.app.state import set_field
from bootloader.ledgers import LEDGER
from bootloader.plan_push import (
    CONTROL_PERCENTS,
    Plan,
    PlanError,
    expectation,
    left_out_sentences,
    open_planner,
    plan_push,
    plans_folder,
    write_plan,
)

_PLANNED = "planned_push"


def show_plan(audience: Audience) -> None:
    """Let the reader choose a control group, say what it can show, and plan the push."""
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
    if copy.query("push_plan", **sizes).empty:
        st.info("This build has no plan for this strategy. Choose another one.")
        return
    folder = plans_folder(copy.path)
    planned_for, push_id = st.session_state.get(_PLANNED, (None, ""))
    destination = folder / push_id
    if planned_for == sizes and (destination / LEDGER).exists():
        show_files(destination)
        return
    try:
        plan = draw(audience, folder)
    except PlanError as problem:
        st.warning(str(problem))
        return
    st.text(expectation(plan.push_plan, len(plan.assignments)))
    for sentence in left_out_sentences(plan):
        st.text(sentence)
    if st.button("Plan this push", type="primary", help="Nothing is sent."):
        try:
            plan = draw(audience, folder, is_kept=True)
        except PlanError as problem:
            st.warning(str(problem))
            return
        st.session_state[_PLANNED] = (sizes, plan.push_id)
        st.rerun()
    st.caption("`python -m bootloader.plan_push` does the same, under a name of your choice.")


def draw(audience: Audience, folder: Path, *, is_kept: bool = False) -> Plan:
    """Draw the push of an audience, and keep it in the folder of plans if that is asked for.

    Raises:
        PlanError: it cannot be drawn or kept, or there is a newer build than the one shown.
    """
    state, copy = audience.state, audience.copy
    with open_planner(copy.path, folder) as connection:
        built = connection.execute("select build_id from build").fetchone()
        if built != (copy.query("build")["build_id"].iloc[0],):
            raise PlanError("There is a new build. Reload the page to plan with it.")
        plan = plan_push(
            connection, state.campaign, state.amount, state.control, strategy=state.strategy
        )
        if is_kept:
            write_plan(plan, folder)
        return plan


def show_files(destination: Path) -> None:
    """Offer the files of a push that was planned."""
    st.success(
        f"The push {destination.name} is planned. Until its window is over, its users, notified "
        "or held back, are in no other plan."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Download send.csv",
            (destination / "send.csv").read_bytes(),
            file_name="send.csv",
            mime="text/csv",
            on_click="ignore",
            type="primary",
            help="The users to notify, and nobody else.",
        )
        st.download_button(
            f"Download {LEDGER}",
            (destination / LEDGER).read_bytes(),
            file_name=f"{destination.name}.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
            help="Who is notified and who is held back. Later builds need it: assignments_path.",
        )
    st.caption(
        f"Both are also in `{destination}`. Builds that read `{destination.parent}/*/{LEDGER}` "
        "(`assignments_path`) show what the push caused."
    )
