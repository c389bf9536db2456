"""What the front page has below the map: the list, who they are, and another strategy."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from bootloader.app.audience import Audience
from bootloader.app.charts import profile_chart
from bootloader.app.push_planner import show_plan
from bootloader.app.state import SECTIONS, change, set_field, strategies
from bootloader.app.strategies import options_of
from bootloader.app.theme import theme
from bootloader.attributes import USER_ATTRIBUTES
from bootloader.exports import as_spreadsheet_csv

# A longer list is for a file.
MOST_LISTED = 500
MOST_IN_HEXAGON = 6
MOST_SIMILAR = 5
MOST_VALUES = 8


def columns(money: str) -> dict:
    """Say how columns about users are shown, with amounts in a currency."""
    amount = st.column_config.NumberColumn(f"Expected ({money})", format="%.2f", width=110)
    return _COLUMNS | {"expected_amount": amount}


_COLUMNS = {
    "position": st.column_config.NumberColumn(
        "No.", width=60, help="1 is the user to notify first", pinned=True
    ),
    "fund_probability": st.column_config.ProgressColumn(
        "Likely to fund", format="percent", min_value=0, max_value=1, width=130
    ),
    "reasons": st.column_config.TextColumn("Why", width=430),
    **{
        attribute: st.column_config.TextColumn(label, width="small")
        for attribute, label in USER_ATTRIBUTES.items()
    },
    "city": st.column_config.TextColumn("City", width=130),
    "zip_code": st.column_config.TextColumn("Zip code", width=80),
    "session_id": st.column_config.TextColumn("User (session_id)", width=270),
    "score": st.column_config.NumberColumn(
        "Score", format="%.3f", width=80, help="What the strategy ranks by, in its own unit"
    ),
    "similarity": st.column_config.NumberColumn(
        "Similarity",
        format="%.3f",
        width=90,
        help="The cosine of the angle between what the notebook's network knows of two users",
    ),
}


def show_sections(audience: Audience) -> None:
    """Show one of the sections, and the choice between them."""
    st.session_state["section"] = audience.state.section
    st.segmented_control(
        "More about this audience",
        SECTIONS,
        format_func=SECTIONS.get,
        key="section",
        required=True,
        on_change=set_field,
        args=("section", "section"),
        label_visibility="collapsed",
    )
    sections = {
        "list": show_list,
        "profile": show_profile,
        "compare": show_comparison,
        "plan": show_plan,
    }
    sections[audience.state.section](audience)


def show_list(audience: Audience) -> None:
    """List the notified users, the first first."""
    users = audience.users(max_users=MOST_LISTED)
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        st.header("The list", anchor=False)
        if audience.totals["users"] > MOST_LISTED:
            st.caption(f"The first {MOST_LISTED:,} users; the files have all of them.")
    with right:
        look_up(audience)
    st.dataframe(
        users,
        hide_index=True,
        height=420,
        column_config=columns(audience.copy.money),
        placeholder="",
        alt="The notified users, the first first",
    )


def look_up(audience: Audience) -> None:
    """Let the reader find a user by the rank, without a mouse."""
    user = audience.selected_user()
    st.session_state["rank"] = None if user is None else int(user["score_rank"])

    def take_over() -> None:
        rank = st.session_state["rank"]
        found = audience.copy.query(
            "ranked_user",
            campaign=audience.state.campaign,
            strategy=audience.state.strategy,
            session_id=None,
            score_rank=rank,
        )["session_id"]
        change(lambda state: state.looking_at(user=found.iloc[0] if len(found) else None))

    st.number_input(
        "Look up the user of rank",
        min_value=1,
        step=1,
        key="rank",
        on_change=take_over,
        placeholder="such as 12, or click a dot",
    )


def show_selected(audience: Audience) -> None:
    """Show the user, or the users of a place, that the reader looks at."""
    with st.container(border=True, key="selected"):
        text, close = st.columns([8, 1])
        close.button(
            "Close",
            icon=":material/close:",
            type="tertiary",
            key="close",
            on_click=change,
            args=(lambda state: state.looking_at(),),
        )
        with text:
            if (user := audience.selected_user()) is not None:
                show_user(audience, user)
            elif audience.state.place:
                show_place(audience)


def show_user(audience: Audience, user: pd.Series) -> None:
    """Say who a user is, why the user comes so early, and who is most similar."""
    known = [user[name] for name in (*USER_ATTRIBUTES, "city") if pd.notna(user[name])]
    st.text(f"Rank {user['score_rank']:,}: {', '.join(map(str, known))}")
    if pd.notna(user["fund_probability"]):
        st.text(f"{user['fund_probability']:.0%} likely to fund, with or without a push")
    if user["reasons"]:
        st.text(f"Why: {user['reasons']}")
    st.caption(f"User {user['session_id']}")
    similar = audience.copy.query(
        "similar_to", session_id=user["session_id"], max_users=MOST_SIMILAR
    )
    if len(similar):
        with st.popover("Most similar users", type="tertiary"):
            st.text("By attributes and place, as the notebook's network sees them:")
            st.dataframe(
                similar[["similarity", *USER_ATTRIBUTES, "city", "session_id"]],
                hide_index=True,
                column_config=columns(audience.copy.money),
                placeholder="",
                alt="The most similar users",
            )


def show_place(audience: Audience) -> None:
    """List the first users of a place of the map."""
    users = audience.users(max_users=MOST_IN_HEXAGON, hexagon=audience.state.place)
    if users.empty:
        st.text("No notified user is at this place of the map.")
        return
    st.text(f"The first {len(users)} users around {users['city'].iloc[0] or 'here'}")
    st.dataframe(
        users[["position", "fund_probability", "reasons"]],
        hide_index=True,
        height=150,
        column_config=columns(audience.copy.money),
        placeholder="",
        alt="The first users of this place",
    )


def show_profile(audience: Audience) -> None:
    """Show how the notified users differ from everybody."""
    st.header("Who they are", anchor=False)
    st.caption(
        "What share of the notified users has each value, against the share of all users. "
        f"The {MOST_VALUES} most frequent values of each attribute."
    )
    profile = audience.copy.query(
        "audience_profile", **audience.parameters, attributes=tuple(USER_ATTRIBUTES)
    )
    columns = st.columns(3)
    for number, (attribute, label) in enumerate(USER_ATTRIBUTES.items()):
        rows = profile[profile["attribute"] == attribute].head(MOST_VALUES)
        with columns[number % 3].container(border=True):
            st.subheader(label, anchor=False)
            st.altair_chart(profile_chart(rows, theme()), alt=f"Share of users by {label.lower()}")


def show_comparison(audience: Audience) -> None:
    """Show who another strategy would notify with an audience of the same size."""
    state = audience.state
    st.header("Compare strategies", anchor=False)
    others = [name for name in strategies(audience.copy, state.campaign) if name != state.strategy]
    if not others:
        st.info("There is only one strategy for this campaign, so there is nothing to compare.")
        return
    versus = state.versus if state.versus in others else others[0]
    st.session_state["versus"] = versus
    st.selectbox(
        "Compare with",
        others,
        format_func=options_of(audience.copy, state.campaign).get,
        key="versus",
        on_change=set_field,
        args=("versus", "versus"),
        width=320,
    )
    overlap = audience.copy.query("strategy_overlap", **audience.parameters, versus=versus)
    other = Audience(audience.copy, replace(state, strategy=versus))
    names = {"one": audience.label, "other": other.label}
    left, right = st.columns([1, 1.6])
    with left:
        for row in overlap.set_index("notified_by").reindex(["both", "one", "other"]).itertuples():
            users = 0 if pd.isna(row.users) else row.users
            label = "Both" if row.Index == "both" else f"Only {names[row.Index]}"
            expected = (
                ""
                if pd.isna(row.expected_funders)
                else f"{row.expected_funders:,.0f} expected funders"
            )
            st.metric(label, f"{users:,.0f} users", expected, delta_color="off", border=True)
    with right:
        for one, two in ((audience, other), (other, audience)):
            only_one(one, two)


def only_one(one: Audience, other: Audience) -> None:
    """List the users that one strategy notifies and the other one does not."""
    label = one.label
    with st.expander(f"Only {label}", expanded=True):
        st.dataframe(
            one.users_without(other.strategy, max_users=MOST_LISTED),
            hide_index=True,
            height=200,
            column_config=columns(one.copy.money),
            placeholder="",
            alt=f"Users that only the strategy {label} notifies",
        )
        st.download_button(
            "Download these users",
            lambda: as_spreadsheet_csv(one.users_without(other.strategy)),
            file_name=f"{one.file_name('only')}-for-spreadsheets.csv",
            mime="text/csv",
            on_click="ignore",
            key=f"only_{one.strategy}",
        )
