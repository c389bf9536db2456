"""What the map and the audience page share: which users a strategy puts first."""

from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from bootloader.app.map_layers import UNKNOWN
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.strategies import STRATEGIES

DEFAULT_PERCENT = 25

# The attributes that users can be coloured, filtered and described by.
ATTRIBUTES = {
    "Age": "age",
    "Marital status": "marital_status",
    "Device": "device",
    "Gender": "gender_cleaned",
    "State": "state",
}

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


@dataclass(frozen=True)
class Chosen:
    """Which users were chosen: from the first of a ranking to the last rank that is included.

    ``totals`` has how many they are and what they should bring: users, last_rank, expected_funders,
    expected_amount. ``filters`` has the values that pass by attribute; what is missing is
    ``UNKNOWN``, and an attribute without values lets everybody through.
    """

    campaign: str
    strategy: str
    totals: pd.Series
    filters: dict[str, list[str]] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, object]:
        """What the queries about chosen users want bound."""
        return {
            "campaign": self.campaign,
            "strategy": self.strategy,
            "last_rank": int(self.totals["last_rank"]),
            "unknown": UNKNOWN,
        } | {column: tuple(self.filters.get(column, ())) for column in ATTRIBUTES.values()}


def choose(copy: ServingCopy, campaign: str, strategy: str, percent: int) -> Chosen | None:
    """Return the first users of a ranking; None, and a word to the user, where that is nobody."""
    totals = copy.query("chosen_totals", campaign=campaign, strategy=strategy, percent=percent)
    if not totals["users"].iloc[0]:
        st.warning(f"{percent}% of the users is less than one user. Choose a larger share.")
        return None
    return Chosen(campaign, strategy, totals.iloc[0])


def ranked_users(
    copy: ServingCopy,
    chosen: Chosen,
    *,
    max_users: int | None = None,
    cell: tuple[float, float, float] | None = None,
) -> pd.DataFrame:
    """Return the chosen users, the first first.

    Args:
        max_users: at most so many; all by default.
        cell: west, south and length of the sides in degrees: only users in there.
    """
    west, south, degrees = cell or (None, None, None)
    run = copy.query if max_users else copy.query_once
    return run(
        "ranked_users",
        **chosen.parameters,
        max_users=max_users,
        west=west,
        south=south,
        degrees=degrees,
    )


def answer(copy: ServingCopy, chosen: Chosen, percent: int) -> None:
    """Say in figures and words what telling these users brings, and how sure that is."""
    totals = chosen.totals
    figures = st.columns(4)
    figures[0].metric("Users to tell", f"{totals['users']:,.0f}")
    if pd.notna(totals["expected_funders"]):
        figures[1].metric("Expected funders", f"{totals['expected_funders']:,.0f}")
    if pd.notna(totals["expected_amount"]):
        figures[2].metric("Expected amount", f"US$ {totals['expected_amount']:,.0f}")
    measured = copy.query(
        "measured_reach", campaign=chosen.campaign, strategy=chosen.strategy, percent=percent
    )
    if measured.empty or pd.isna(measured["share_of_funders"].iloc[0]):
        st.info(
            "How well this strategy does could not be measured: the events reach too little far "
            "back. Build again with more of them."
        )
        return
    reach = measured.iloc[0]
    lift = reach["share_of_funders"] * reach["users"] / reach["users_so_far"]
    figures[3].metric("Measured against chance", f"{lift:.1f} times")
    st.text(
        f"{STRATEGIES[chosen.strategy].explanation} Measured on the {reach['horizon_days']:g} days "
        f"from {reach['cut_at'][:10]}, by what was known before: telling {percent}% of the users "
        f"this way would have reached {reach['funders_so_far']:,.0f} of {reach['funders']:,} "
        f"funders ({reach['share_of_funders']:.0%}), {lift:.1f} times as many as by chance."
        + ("" if reach["is_better_than_chance"] else " That may be no better than chance.")
    )
