"""What the reader chose: one state that every page reads and every link carries.

The address of a page is the state's written form. Navigation (a link, the menu, Back, a reload)
reads the state from the address; a control changes the state and writes the address. Nothing else
in the app keeps what the reader chose.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from bootloader.app.serving_copy import ServingCopy
from bootloader.app.strategies import strategy_of
from bootloader.attributes import USER_ATTRIBUTES
from bootloader.plan_push import CONTROL_PERCENTS, DEFAULT_CONTROL

# How the size of an audience is chosen. Each is also a parameter of the address.
SIZES = {
    "percent": "Share of users (%)",
    "users": "Number of users",
    "messages": "Budget of messages",
    "probability": "Least probability (%)",
}
DEFAULT_AMOUNTS = {"percent": 25, "users": 1_000, "messages": 1_000, "probability": 25}
LIMITS = {
    "percent": (1, 100),
    "users": (1, 1_000_000_000),
    "messages": (1, 1_000_000_000),
    "probability": (0, 100),
}
MOST_PER_USER = 10
MOST_IN_NAME = 80

# What the dots of the map can be colored by, and the states shaded by.
COLORS = {"probability": "Probability to fund", **USER_ATTRIBUTES}
SHADES = {"funders": "Expected funders", "lift": "Chance to fund"}

SECTIONS = {
    "list": "The list",
    "profile": "Who they are",
    "compare": "Compare strategies",
    "plan": "Plan a push",
}

_CURRENT = "state"
_ADDRESS = "state_address"
_CHANGED = "state_changed"
_PROBLEMS = "state_problems"

Query = dict[str, list[str]]


@dataclass(frozen=True)
class State:
    """What the reader chose.

    ``amount`` is in the unit of ``size``: percent of the users that pass the filters, users,
    messages (of which each user gets ``per_user``), or percent of probability. ``filters`` has the
    values that pass by attribute; an attribute without values lets everybody pass. ``place`` is the
    hexagon of the map that is looked at.
    """

    campaign: str
    strategy: str | None
    size: str = "percent"
    amount: int = DEFAULT_AMOUNTS["percent"]
    per_user: int = 1
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    color: str = "probability"
    shade: str = "funders"
    user: str | None = None
    place: tuple[int, int] | None = None
    section: str = "list"
    versus: str | None = None
    control: int = DEFAULT_CONTROL
    push: str | None = None
    name: str = ""
    segments: tuple[str, ...] = ()
    attribute: str | None = None
    similar_to: str | None = None
    values: int = 40

    def with_filter(self, attribute: str, values: Iterable[str]) -> "State":
        """Return the state with other values of one attribute."""
        filters = {**self.filters, attribute: tuple(values)}
        return replace(self, filters={name: kept for name, kept in filters.items() if kept})

    def looking_at(self, user: str | None = None, place: tuple[int, int] | None = None) -> "State":
        """Return the state with another user or place looked at, or none."""
        return replace(self, user=user, place=place)

    def as_query(self) -> Query:
        """Return the parameters of an address that restores this state."""
        query: dict[str, Iterable[str]] = {
            "campaign": [self.campaign],
            "strategy": [self.strategy or ""],
            self.size: [str(self.amount)],
            "per_user": [str(self.per_user)] if self.size == "messages" else [],
            **{f"filter_{attribute}": values for attribute, values in self.filters.items()},
            "color": [self.color] if self.color != State.color else [],
            "shade": [self.shade] if self.shade != State.shade else [],
            "user": [self.user or ""],
            "place": ["{}.{}".format(*self.place)] if self.place else [],
            "section": [self.section] if self.section != State.section else [],
            "versus": [self.versus or ""],
            "control": [str(self.control)] if self.control != State.control else [],
            "push": [self.push or ""],
            "name": [self.name],
            "segments": self.segments,
            "attribute": [self.attribute or ""],
            "similar_to": [self.similar_to or ""],
            "values": [str(self.values)] if self.values != State.values else [],
        }
        kept = {name: [value for value in values if value] for name, values in query.items()}
        return {name: values for name, values in kept.items() if values}


def read_state(copy: ServingCopy) -> State:
    """Return the state of this run, and keep the address in step with it.

    An address that the app did not write itself was navigated to, and wins, unless a control was
    used in the very run: the browser may not have had the time yet to show the last address.
    """
    session = st.session_state
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    changed = session.pop(_CHANGED, False)
    if _CURRENT not in session or (address != session[_ADDRESS] and not changed):
        session[_CURRENT], session[_PROBLEMS] = parse(address, copy)
    else:
        # A newer build may no longer have what was chosen.
        session[_CURRENT], problems = parse(session[_CURRENT].as_query(), copy)
        session[_PROBLEMS] = [] if changed else (session[_PROBLEMS] or problems)
        if changed:
            written = session[_CURRENT].as_query()
            if written != address:
                st.query_params.from_dict(written)
            address = written
    session[_ADDRESS] = address
    return session[_CURRENT]


def problems() -> list[str]:
    """Return what the address asks for and the build does not have, in sentences for the reader."""
    return st.session_state.get(_PROBLEMS, [])


def change(make: Callable[[State], State]) -> None:
    """Change the state; for callbacks of controls, which run before the page is drawn again."""
    st.session_state[_CURRENT] = make(st.session_state[_CURRENT])
    st.session_state[_CHANGED] = True


def is_changed() -> bool:
    """Return whether a control changed the state since the page was drawn."""
    return st.session_state.get(_CHANGED, False)


def set_field(name: str, key: str, convert: Callable = lambda value: value) -> None:
    """Take over the value of the control with a key as a field of the state."""
    value = convert(st.session_state[key])
    change(lambda state: replace(state, **{name: value}))


def parse(query: Mapping[str, list[str]], copy: ServingCopy) -> tuple[State, list[str]]:
    """Return the state that the parameters of an address ask for, and what is wrong with them.

    Args:
        query: the parameters; unknown ones are ignored.
    """
    link = _Link(query)
    campaigns = copy.query("campaigns")["campaign"].to_list()
    campaign = link.choice("campaign", {name: name for name in campaigns}, default=campaigns[0])
    ranked = strategies(copy, campaign)
    labels = {name: strategy_of(copy, name).label for name in ranked}
    strategy = link.choice_or_none("strategy", labels, default=next(iter(ranked), None))
    size = next((name for name in SIZES if name in query), "percent")
    values = copy.query("user_values", attributes=tuple(USER_ATTRIBUTES))
    filters = {
        attribute: link.choices(
            f"filter_{attribute}",
            values.loc[values["attribute"] == attribute, "value"].to_list(),
            USER_ATTRIBUTES[attribute].lower(),
        )
        for attribute in USER_ATTRIBUTES
    }
    attributes = copy.query("embedded_attributes")["attribute"].to_list()
    state = State(
        campaign=campaign,
        strategy=strategy,
        size=size,
        amount=link.number(size, *LIMITS[size], default=DEFAULT_AMOUNTS[size]),
        per_user=link.number("per_user", 1, MOST_PER_USER, default=1),
        filters={attribute: kept for attribute, kept in filters.items() if kept},
        color=link.choice("color", COLORS, default=State.color),
        shade=link.choice("shade", SHADES, default=State.shade),
        user=link.user(copy, campaign, strategy),
        place=link.place(),
        section=link.choice("section", SECTIONS, default=State.section),
        versus=link.choice_or_none("versus", labels),
        control=link.one_of("control", CONTROL_PERCENTS, default=DEFAULT_CONTROL),
        push=link.text("push") or None,
        name=link.text("name")[:MOST_IN_NAME],
        segments=tuple(query.get("segments", ())),
        attribute=link.choice_or_none(
            "attribute", {name: USER_ATTRIBUTES.get(name, name) for name in attributes}
        ),
        similar_to=link.text("similar_to") or None,
        values=link.number("values", 10, 200, default=State.values),
    )
    return state, link.problems


def strategies(copy: ServingCopy, campaign: str) -> list[str]:
    """Return the strategies that rank a campaign's users; the one to show comes first."""
    return copy.query("strategies", campaign=campaign)["strategy"].to_list()


class _Link:
    """Reads the parameters of an address and keeps what is wrong with them."""

    def __init__(self, query: Mapping[str, list[str]]) -> None:
        self.query = query
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        return self.query[name][-1] if self.query.get(name) else ""

    def choice(self, name: str, options: Mapping[str, str], default: str) -> str:
        """Return the option that is asked for, one of the labels by name, or the default."""
        found = self.choice_or_none(name, options, default)
        return default if found is None else found

    def choice_or_none(
        self, name: str, options: Mapping[str, str], default: str | None = None
    ) -> str | None:
        """Do as :meth:`choice` does, where there may be no default."""
        asked = self.text(name)
        if not asked:
            return default
        for option in options:
            if option.casefold() == asked.casefold():
                return option
        shown = "" if default is None else f" Shown instead: {options[default]}."
        self.problems.append(f"The link asks for a {name} “{asked}”, which does not exist.{shown}")
        return default

    def choices(self, name: str, options: list[str], label: str) -> tuple[str, ...]:
        asked = self.query.get(name, [])
        known = set(options)
        for value in asked:
            if value not in known:
                self.problems.append(
                    f"The link filters by the {label} “{value}”, which no user has."
                )
        return tuple(value for value in dict.fromkeys(asked) if value in known)

    def number(self, name: str, least: int, most: int, default: int) -> int:
        asked = self.text(name)
        if not asked:
            return default
        try:
            number = round(float(asked))
        except (ValueError, OverflowError):
            number = None
        if number is None or not least <= number <= most:
            self.problems.append(
                f"The link asks for {name} “{asked}”, which is not a number "
                f"from {least:,} to {most:,}. Shown instead: {default:,}."
            )
            return default
        return number

    def one_of(self, name: str, options: Sequence[int], default: int) -> int:
        """Return the option next to the number that is asked for."""
        asked = self.number(name, options[0], options[-1], default=default)
        return min(options, key=lambda option: abs(option - asked))

    def user(self, copy: ServingCopy, campaign: str, strategy: str | None) -> str | None:
        """Return the session_id of the user that is asked for."""
        session_id = self.text("user")
        if strategy is None or not session_id:
            return None
        found = copy.query(
            "ranked_user",
            campaign=campaign,
            strategy=strategy,
            session_id=session_id,
            score_rank=None,
        )
        if found.empty:
            self.problems.append(
                f"The link asks for user “{session_id}”, which this strategy does not rank."
            )
            return None
        return session_id

    def place(self) -> tuple[int, int] | None:
        """Return the column and the row of a hexagon of the map."""
        if not (asked := self.text("place")):
            return None
        if not (found := re.fullmatch(r"(-?\d{1,4})\.(-?\d{1,4})", asked)):
            self.problems.append(f"The link asks for a place “{asked}”, which does not exist.")
            return None
        return int(found[1]), int(found[2])
