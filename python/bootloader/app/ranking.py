"""What the map and the audience page share: which users a strategy puts first."""

import pandas as pd
import streamlit as st

from bootloader.app.serving_copy import ServingCopy
from bootloader.app.strategies import STRATEGIES

DEFAULT_PERCENT = 25

COLUMNS = {
    "score_rank": st.column_config.NumberColumn("Rank", help="1 is the user to tell first"),
    "fund_probability": st.column_config.NumberColumn(
        "Probability to fund", format="percent", help="Within the horizon, by the fund network"
    ),
    "expected_amount": st.column_config.NumberColumn("Expected amount (US$)", format="dollar"),
    "score": st.column_config.NumberColumn(
        "Score", format="%.3f", help="What the strategy ranks by, in its own unit"
    ),
    "reasons": "Why",
    "session_id": "User (session_id)",
    "age": "Age",
    "marital_status": "Marital status",
    "device": "Device",
    "gender_cleaned": "Gender",
    "city": "City",
    "state": "State",
    "zip_code": "Zip code",
    "latitude": st.column_config.NumberColumn("Latitude (°)", format="%.4f"),
    "longitude": st.column_config.NumberColumn("Longitude (°)", format="%.4f"),
}


def choose_strategy(copy: ServingCopy, campaign: str) -> str | None:
    """Let the user choose how to rank, recommended first; None where nobody is ranked."""
    table = copy.query("strategies", campaign=campaign)
    if table.empty:
        return None
    # The address of the page holds what the options say, so they are labels and nothing more.
    by_label = {STRATEGIES[name].label: name for name in table["strategy"]}
    label = st.selectbox(
        "Strategy",
        by_label,
        key="strategy",
        bind="query-params",
        help="How users are ranked. The first one did best on the last horizon, if any did well.",
    )
    recommended = table.loc[table["is_recommended"], "strategy"].to_list()
    if by_label[label] in recommended:
        st.caption("Recommended: it did best on the last horizon.")
    elif recommended:
        st.caption(f"Recommended instead: {STRATEGIES[recommended[0]].label}.")
    return by_label[label]


def choose_percent() -> int:
    """Let the user choose how many of all users to tell, in percent."""
    return st.slider(
        "How many to tell (% of all users)",
        min_value=1,
        max_value=100,
        value=DEFAULT_PERCENT,
        format="%d%%",
        key="percent",
        bind="query-params",
    )


def answer(
    copy: ServingCopy, campaign: str, strategy: str, percent: int, users: pd.DataFrame
) -> None:
    """Say in figures and words what telling these users brings, and how sure that is."""
    figures = st.columns(4)
    figures[0].metric("Users to tell", f"{len(users):,}")
    funders, amount = users["fund_probability"], users["expected_amount"]
    if funders.notna().any():
        figures[1].metric("Expected funders", f"{funders.sum():,.0f}")
    if amount.notna().any():
        figures[2].metric("Expected amount", f"US$ {amount.sum():,.0f}")
    measured = copy.query("measured_reach", campaign=campaign, strategy=strategy, percent=percent)
    if measured.empty or pd.isna(measured["share_of_funders"].iloc[0]):
        st.info(
            "How well this strategy does could not be measured: the events reach too little far "
            "back. Build again with more of them."
        )
        return
    reach = measured.iloc[0]
    lift = reach["share_of_funders"] * reach["users"] / reach["users_so_far"]
    figures[3].metric("Measured against chance", f"{lift:.1f} times")
    verdict = "" if reach["is_better_than_chance"] else " That may be no better than chance."
    st.text(
        f"{STRATEGIES[strategy].explanation} Measured on the {reach['horizon_days']:g} days from "
        f"{reach['cut_at'][:10]}, by what was known before: telling {percent}% of the users this "
        f"way would have reached {reach['funders_so_far']:,.0f} of {reach['funders']:,} funders "
        f"({reach['share_of_funders']:.0%}), {lift:.1f} times as many as by chance.{verdict}"
    )
