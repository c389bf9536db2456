"""Plant pushes with a known effect: what users who are told do, and what the logs say of it.

A :class:`Effect` decides how users respond. :func:`respond` fixes for every user of an audience
what they would do if they were told, before anybody is drawn, so that the true effect is known for
every draw; :func:`play` then lets a draw happen and writes the logs: events, ledger, and what
became of the messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

VIEW, FUND = "View Project", "Fund Project"
# Users who view a project before they fund it do so this many seconds before.
_SECONDS_TO_FUND = 60


@dataclass(frozen=True)
class Effect:
    """How a push works.

    Attributes:
        more: how many more users fund if told, as a share of those who fund anyway; below 0 fewer.
        only_pending: whether only users respond who have viewed and not funded in the campaign.
        pulled_forward: whether those who respond would have funded in the next window anyway.
        undelivered: the share of users whom the message does not reach.
        leaked: the share of users who are told although they are held back.
        lost: the share of notified users who are missing from the ledger.
    """

    more: float = 0.0
    only_pending: bool = False
    pulled_forward: bool = False
    undelivered: float = 0.0
    leaked: float = 0.0
    lost: float = 0.0


EFFECTS = {
    "none": Effect(),
    "more": Effect(more=0.1),
    "only_pending": Effect(more=0.1, only_pending=True),
    "pulled_forward": Effect(more=0.1, pulled_forward=True),
    "undelivered": Effect(more=0.1, undelivered=0.3),
    "control_reached": Effect(more=0.1, leaked=0.3),
    "missing_from_ledger": Effect(more=0.1, lost=0.3),
    "harmful": Effect(more=-0.1),
}


@dataclass(frozen=True)
class Responses:
    """What the users of an audience would do if they were told.

    Attributes:
        added: events that they add, with the columns of the events.
        removed: the ``event_id`` of events that do not happen then.
        users: one row per session_id: funds (without the push), funds_if_told, is_undelivered,
            is_leaked and is_lost, each a truth value.
    """

    added: pd.DataFrame
    removed: pd.Series
    users: pd.DataFrame

    @property
    def true_effect(self) -> float:
        """The effect on the share who fund, of being notified against being held back."""
        users = self.users
        notified = np.where(users["is_undelivered"], users["funds"], users["funds_if_told"])
        held_back = np.where(users["is_leaked"], users["funds_if_told"], users["funds"])
        return float(np.mean(notified.astype(float) - held_back))


def respond(
    events: pd.DataFrame,
    audience: Sequence[str],
    effect: Effect,
    categories: Sequence[str],
    starts_at: int,
    window_days: float,
    seed: int,
) -> Responses:
    """Fix what each user of an audience would do if told.

    Args:
        events: one row per event with event_id, session_id, event_name, category, client_time
            (UNIX seconds), amount and whatever else the events tell.
        audience: the users, each once.
        effect: how the push works.
        categories: those of the campaign.
        starts_at: when the push starts, in UNIX seconds.
        window_days: for how many days outcomes count.
        seed: not negative; equal seeds give equal responses.
    """
    rng = np.random.default_rng(seed)
    seconds = round(window_days * 86400)
    own = events[events["session_id"].isin(audience) & events["category"].isin(categories)]
    funds = own[own["event_name"] == FUND]
    within = funds[funds["client_time"].between(starts_at, starts_at + seconds - 1)]
    later = funds[funds["client_time"].between(starts_at + seconds, starts_at + 2 * seconds - 1)]
    users = pd.DataFrame({"session_id": list(audience)})
    users["funds"] = users["session_id"].isin(within["session_id"])
    wanted = round(abs(effect.more) * users["funds"].sum())

    candidates = users["funds"] if effect.more < 0 else ~users["funds"]
    if effect.only_pending:
        before = own[own["client_time"] < starts_at]
        counts = before.pivot_table(
            index="session_id", columns="event_name", aggfunc="size", fill_value=0
        ).reindex(columns=[VIEW, FUND], fill_value=0)
        pending = counts.index[counts[VIEW] > counts[FUND]]
        candidates &= users["session_id"].isin(pending)
    if effect.pulled_forward:
        candidates &= users["session_id"].isin(later["session_id"])
    pool = users.index[candidates].to_numpy()
    moved = pd.Index(rng.choice(pool, min(wanted, len(pool)), replace=False))
    responding = set(users.loc[moved, "session_id"])
    users["funds_if_told"] = users["funds"] ^ users.index.isin(moved)

    removed = pd.Series(dtype=object, name="event_id")
    added = events.iloc[:0].drop(columns="event_id")
    if effect.more < 0:
        removed = within.loc[within["session_id"].isin(responding), "event_id"]
    elif effect.pulled_forward:
        first = later[later["session_id"].isin(responding)].sort_values("client_time")
        first = first.drop_duplicates("session_id")
        removed = first["event_id"]
        added = first.drop(columns="event_id").assign(
            client_time=starts_at + rng.integers(_SECONDS_TO_FUND, seconds, len(first))
        )
    elif responding:
        known = events[events["session_id"].isin(responding)].sort_values("client_time")
        known = known.drop_duplicates("session_id", keep="last").drop(columns="event_id")
        fund = known.assign(
            event_name=FUND,
            category=rng.choice(np.array(categories, dtype=object), len(known)),
            client_time=starts_at + rng.integers(_SECONDS_TO_FUND, seconds, len(known)),
            amount=np.round(np.clip(rng.lognormal(np.log(25), 0.9, len(known)), 1, 500), 2),
        )
        view = fund.assign(
            event_name=VIEW, amount=np.nan, client_time=fund["client_time"] - _SECONDS_TO_FUND
        )
        added = pd.concat([view, fund], ignore_index=True)
    for name, share in (
        ("is_undelivered", effect.undelivered),
        ("is_leaked", effect.leaked),
        ("is_lost", effect.lost),
    ):
        users[name] = rng.random(len(users)) < share
    return Responses(added, removed, users)


def play(
    events: pd.DataFrame, assignments: pd.DataFrame, responses: Responses
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Let a push happen, and return what the logs say.

    Args:
        events: as for :func:`respond`.
        assignments: the ledger as it was planned: push_id, session_id, arm, starts_at and the rest.
        responses: what the users do if they are told.

    Returns:
        The events without ``event_id``; the ledger as it was kept; and one push event per row with
        push_id, session_id, event_name and client_time.
    """
    users = assignments.merge(responses.users, on="session_id")
    is_notified = users["arm"] == "notify"
    is_sent = is_notified | users["is_leaked"]
    is_told = is_sent & ~(is_notified & users["is_undelivered"])
    told = set(users.loc[is_told, "session_id"])
    gone = events["event_id"].isin(responses.removed) & events["session_id"].isin(told)
    kept = events[~gone].drop(columns="event_id")
    added = responses.added[responses.added["session_id"].isin(told)]
    happened = pd.concat([kept, added], ignore_index=True) if len(added) else kept
    starts_at = users["starts_at"].astype("datetime64[s]").astype("int64")
    sent = pd.DataFrame(
        {
            "push_id": users["push_id"], "session_id": users["session_id"],
            "event_name": "Push Sent", "client_time": starts_at,
        }
    )  # fmt: skip
    messages = pd.concat(
        [sent[is_sent], sent[is_told].assign(event_name="Push Delivered")], ignore_index=True
    )
    lost = assignments["session_id"].isin(users.loc[is_notified & users["is_lost"], "session_id"])
    return happened, assignments[~lost], messages
