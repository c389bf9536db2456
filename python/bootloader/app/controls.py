"""The controls of the pages: each shows a part of the state, and changes it."""

from dataclasses import replace

import streamlit as st

from bootloader.app.audience import Audience
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import (
    COLORS,
    DEFAULT_AMOUNTS,
    LIMITS,
    MOST_PER_USER,
    SHADES,
    SIZES,
    State,
    change,
    set_field,
    strategies,
)
from bootloader.app.strategies import options_of
from bootloader.attributes import USER_ATTRIBUTES


def choose_campaign(copy: ServingCopy, state: State) -> None:
    """Let the reader choose the campaign."""
    campaigns = copy.query("campaigns").set_index("campaign")["categories"]
    _select(
        "Campaign",
        "campaign",
        {name: name for name in campaigns.index},
        state.campaign,
        on_change=_set_campaign,
        args=(copy,),
        help=f"Projects of {campaigns[state.campaign]}",
    )


def _set_campaign(copy: ServingCopy) -> None:
    """Take over the campaign. A strategy that was not chosen follows what is recommended."""
    campaign = st.session_state["campaign"]

    def with_campaign(state: State) -> State:
        ranked = strategies(copy, campaign)
        was_default = state.strategy == next(iter(strategies(copy, state.campaign)), None)
        keeps = state.strategy in ranked and not was_default
        return replace(
            state,
            campaign=campaign,
            strategy=state.strategy if keeps else None,
            versus=state.versus if state.versus in ranked else None,
            push=None,
            segments=(),
            place=None,
        )

    change(with_campaign)


def choose_strategy(copy: ServingCopy, state: State, help_text: str) -> None:
    """Let the reader choose how users are ranked."""
    options = options_of(copy, state.campaign)
    _select("Ranked by", "strategy", options, state.strategy, help=help_text)


def choose_size(audience: Audience) -> None:
    """Let the reader choose how many users are notified, in one of several units."""
    state = audience.state
    unit, amount = st.columns([1.15, 1], vertical_alignment="bottom")
    with unit:
        _select("Size by", "size", SIZES, state.size, on_change=_set_size, args=(audience,))
    with amount:
        if state.size == "messages":
            amount, per_user = st.columns([1.5, 1])
            with per_user:
                _number("Per user", "per_user", state.per_user, 1, MOST_PER_USER)
        with amount:
            label = {"percent": "Percent", "users": "Users", "messages": "Messages"}.get(
                state.size, "At least (%)"
            )
            _number(label, "amount", state.amount, *LIMITS[state.size])


def _set_size(audience: Audience) -> None:
    """Take over the unit of the size, with about as many users as before."""
    size = st.session_state["size"]
    totals = audience.totals
    users = max(int(totals["users"]), 1)
    amount = {
        "percent": max(round(100 * users / max(totals["passing_users"], 1)), 1),
        "users": users,
        "messages": users * audience.state.per_user,
    }.get(size, DEFAULT_AMOUNTS[size])
    change(lambda state: replace(state, size=size, amount=int(amount)))


def choose_colors(state: State, with_states: bool) -> None:
    """Let the reader choose what the map's colors mean."""
    dots, states = st.columns(2)
    with dots:
        _select("Color by", "color", COLORS, state.color)
    if with_states:
        with states:
            _select("Shade states by", "shade", SHADES, state.shade)


def choose_filters(copy: ServingCopy, state: State) -> None:
    """Let the reader narrow the audience to users with some values; each is a chip to take away."""
    values = copy.query("user_values", attributes=tuple(USER_ATTRIBUTES))
    options = {
        f"{label}: {value}": (attribute, value)
        for attribute, label in USER_ATTRIBUTES.items()
        for value in values.loc[values["attribute"] == attribute, "value"]
    }
    names = {pair: name for name, pair in options.items()}
    st.session_state["filters"] = [
        names[attribute, value]
        for attribute, kept in state.filters.items()
        for value in kept
        if (attribute, value) in names
    ]

    def take_over() -> None:
        kept: dict[str, tuple[str, ...]] = {}
        for name in st.session_state["filters"]:
            attribute, value = options[name]
            kept[attribute] = (*kept.get(attribute, ()), value)
        change(lambda state: replace(state, filters=kept, place=None))

    st.multiselect(
        "Only users with",
        options,
        key="filters",
        on_change=take_over,
        placeholder="Everybody: add a state, an age, a device …",
        label_visibility="collapsed",
    )


def _select(
    label: str,
    name: str,
    options: dict[str, str],
    value: str | None,
    on_change: object = None,
    args: tuple = (),
    **kwargs: object,
) -> None:
    """Show a choice between named options as the field of the state with that name."""
    st.session_state[name] = value
    st.selectbox(
        label,
        options,
        format_func=options.get,
        key=name,
        on_change=on_change or set_field,
        args=args if on_change else (name, name),
        **kwargs,
    )


def _number(label: str, name: str, value: int, least: int, most: int) -> None:
    st.session_state[name] = min(max(value, least), most)
    st.number_input(
        label,
        min_value=least,
        max_value=most,
        step=1,
        key=name,
        on_change=set_field,
        args=(name, name, int),
    )
