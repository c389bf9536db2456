"""The audience that a state describes: who is notified, what that brings, and how to say it."""

import json
from dataclasses import dataclass

import pandas as pd

from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State
from bootloader.app.strategies import strategy_of
from bootloader.attributes import USER_ATTRIBUTES

# What a list of users has, in this order.
USER_COLUMNS = (
    "position", "fund_probability", "expected_amount", "reasons", *USER_ATTRIBUTES,
    "city", "zip_code", "session_id", "score",
)  # fmt: skip


@dataclass(frozen=True)
class Audience:
    """The users that a state selects from one build."""

    copy: ServingCopy
    state: State

    @property
    def strategy(self) -> str:
        """How the users are ranked. Pages show an audience only where somebody is."""
        if self.state.strategy is None:
            raise ValueError(f"Nobody is ranked for the campaign '{self.state.campaign}'.")
        return self.state.strategy

    @property
    def label(self) -> str:
        """What the strategy is called."""
        return strategy_of(self.copy, self.strategy).label

    @property
    def ranking(self) -> dict[str, object]:
        """What the queries about a filtered ranking want bound."""
        filters = [
            {"attribute": attribute, "values": list(values)}
            for attribute, values in self.state.filters.items()
        ]
        return {
            "campaign": self.state.campaign,
            "strategy": self.state.strategy,
            "filters": json.dumps(filters),
        }

    @property
    def parameters(self) -> dict[str, object]:
        """What the queries about the notified users want bound."""
        amount = self.state.amount
        if self.state.size == "messages":
            amount //= self.state.per_user
        return {**self.ranking, "size": self.state.size, "amount": amount}

    @property
    def totals(self) -> pd.Series:
        """How many users are notified, of how many, and what is expected of them.

        users, users_on_map, expected_funders, expected_amount, min_probability (from 0
        to 1), expected_at_random (funders of as many random users), passing_users, all_users.
        """
        return self.copy.query("audience_totals", **self.parameters).iloc[0]

    @property
    def measured(self) -> pd.Series | None:
        """What the strategy reached in the last test with the same share of all users, or None."""
        totals = self.totals
        percent = round(100 * totals["users"] / max(totals["passing_users"], 1))
        rows = self.copy.query(
            "measured_reach",
            campaign=self.state.campaign,
            strategy=self.state.strategy,
            percent=min(max(percent, 1), 100),
        )
        if rows.empty or pd.isna(rows["share_of_funders"].iloc[0]):
            return None
        return rows.iloc[0]

    def users(
        self, max_users: int | None = None, hexagon: tuple[int, int] | None = None
    ) -> pd.DataFrame:
        """Return the notified users, the first first; with a hexagon of the map, those in it."""
        q, r = hexagon or (None, None)
        run = self.copy.query if max_users else self.copy.query_once
        users = run(
            "audience_users", **self.parameters, max_users=max_users, hexagon_q=q, hexagon_r=r
        )
        return users[list(USER_COLUMNS)]

    def users_without(self, other: str, max_users: int | None = None) -> pd.DataFrame:
        """Return the notified users that another strategy does not notify, the first first."""
        run = self.copy.query if max_users else self.copy.query_once
        users = run("strategy_difference", **self.parameters, versus=other, max_users=max_users)
        return users[list(USER_COLUMNS)]

    def selected_user(self) -> pd.Series | None:
        """Return the user who is looked at, with rank, reasons, attributes and place, or None."""
        if self.state.user is None:
            return None
        rows = self.copy.query(
            "ranked_user",
            campaign=self.state.campaign,
            strategy=self.state.strategy,
            session_id=self.state.user,
            score_rank=None,
        )
        return rows.iloc[0] if len(rows) else None

    def sentence(self) -> str:
        """Say how many of how many users are notified."""
        totals = self.totals
        users, passing, everybody = (
            f"{totals[name]:,.0f}" for name in ("users", "passing_users", "all_users")
        )
        if self.state.filters:
            return f"{users} of the {passing} users that pass the filters ({everybody} in all)"
        return f"{users} of {everybody} users"

    def file_name(self, kind: str) -> str:
        """Return the name of a file with this audience, without its ending."""
        parts = [self.state.campaign, self.state.strategy, f"{self.totals['users']:.0f}", kind]
        return "_".join(str(part) for part in parts)


def measured_in_words(audience: Audience) -> str:
    """Say how well the strategy did in the last test, and whether that may be chance."""
    measured = audience.measured
    if measured is None:
        return (
            "This strategy could not be tested: the events do not reach back far enough. "
            "Build again with more events."
        )
    begin = pd.Timestamp(measured["cut_at"])
    share = measured["users_so_far"] / measured["users"]
    text = (
        f"Tested on the {measured['horizon_days']:g} days from {begin.day} {begin:%B %Y}, using "
        f"only data from before that date: notifying {share:.0%} of all users this way would have "
        "reached "
        f"{measured['funders_so_far']:,.0f} of {measured['funders']:,} funders "
        f"({measured['share_of_funders']:.0%}), {measured['lift']:.1f}x as many as a random push."
    )
    if not measured["is_better_than_chance"]:
        text += (
            " It was worse than random."
            if measured["is_worse_than_chance"]
            else (" It may be no better than random.")
        )
    if audience.state.filters:
        text += " The test was without your filters."
    return text


def strategy_in_words(copy: ServingCopy, state: State) -> str:
    """Say whether the shown strategy is the recommended one, or which one is."""
    table = copy.query("strategies", campaign=state.campaign)
    recommended = table.loc[table["is_recommended"], "strategy"].to_list()
    if state.strategy in recommended:
        return "Recommended: best in the last test."
    if recommended:
        return f"Recommended instead: {strategy_of(copy, recommended[0]).label}."
    return (
        "No strategy is recommended: none was clearly better than random in a test. Shown first: "
        f"{strategy_of(copy, table['strategy'].iloc[0]).label}."
    )
