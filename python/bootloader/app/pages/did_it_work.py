"""What a push caused: the verdict first, then how sure that is and where it comes from."""

import altair as alt
import pandas as pd
import streamlit as st

from bootloader.app.controls import choose_campaign
from bootloader.app.layout import plain, title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State, set_field
from bootloader.app.strategies import labels_of
from bootloader.app.theme import css, theme

OUTCOMES = {
    "funded_campaign": "Funded the campaign",
    "funded_within_twice": "Funded it within twice the window",
    "funded_anything": "Funded anything",
    "viewed": "Viewed the campaign's categories",
    "amount": "Amount",
    "amount_winsorized": "Amount, without the largest",
    "placebo": "Funded it before the push (placebo)",
}
CHECKS = {
    "ledger_complete": "Nobody is missing from the ledger",
    "equal_draw": "Everybody was as likely to be held back",
    "sample_ratio": "As many controls as were drawn",
    "control_reached": "Controls were left alone",
    "placebo": "Both groups were alike before",
    "delivered": "Messages arrived",
    "other_pushes": "Other pushes treated both groups alike",
    "shared_controls": "The control group is this push's own",
}
# A color and a word, for those who see no colors.
LIGHTS = {"pass": "🟢 Fine", "warn": "🟡 Look at it", "fail": "🔴 Failed", "unknown": "⚪ Unknown"}
BANDS = {
    "1": "Highest fifth", "2": "Second fifth", "3": "Middle fifth", "4": "Fourth fifth",
    "5": "Lowest fifth",
}  # fmt: skip


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    campaign = state.campaign
    title(copy, state, "Did it work?")
    with st.container(width=260):
        choose_campaign(copy, state)
    pushes = copy.query("pushes_of_campaign", campaign=campaign)
    if pushes.empty:
        st.info(
            "No push of this campaign has been read. Plan one on the Audience page, send it to the "
            "users of its `send.csv`, and set the variable `assignments_path` to its "
            "`assignments.parquet`: the next build shows what the push caused."
        )
        funnel(copy.query("push_funnel", campaign=campaign))
        return
    push_id = choose_push(pushes["push_id"].to_list(), state)
    push = pushes[pushes["push_id"] == push_id].iloc[0]
    results = copy.query("push_results", push_id=push_id)
    answer(push, results)
    checks(copy.query("push_checks", push_id=push_id))
    if len(results):
        outcomes(results, copy.money)
        left, right = st.columns(2)
        with left:
            by_day(results)
        with right:
            by_part(copy.query("push_effects", push_id=push_id))
    program(copy.query("push_program"), labels_of(copy))
    history(copy.query("prediction_history", campaign=campaign))
    funnel(copy.query("push_funnel", campaign=campaign))


def choose_push(pushes: list[str], state: State) -> str:
    """Let the reader choose a push; the newest is shown first."""
    shown = state.push if state.push in pushes else pushes[0]
    if state.push not in (shown, None):
        st.warning(plain(f"This campaign has no push “{state.push}”. Shown instead: {shown}."))
    st.session_state["push"] = shown
    st.selectbox("Push", pushes, key="push", on_change=set_field, args=("push", "push"), width=420)
    return shown


def answer(push: pd.Series, results: pd.DataFrame) -> None:
    """Say first whether the push worked, then what that is measured on."""
    funded = results[(results["outcome"] == "funded_campaign") & results["is_latest"]]
    if funded.empty:
        st.info("Cannot tell yet: the first day of this push is not over in the events.")
    else:
        row = funded.iloc[0]
        show_sentence = {"more": st.success, "fewer": st.error, "not valid": st.error}
        show_sentence.get(row["verdict"], st.info)(verdict(row))
    st.text(
        f"{push['notified_users']:,} users were notified from {push['starts_at'][:16]} UTC on; "
        f"{push['control_users']:,} of the same audience were held back at random. Fundings count "
        f"for {push['window_days']:g} days. Events of these days that arrive later change what is "
        "said here."
    )


def verdict(row: pd.Series) -> str:
    """Return the verdict on a push in one or two sentences.

    Args:
        row: one of ``push_results``, of the outcome funded_campaign.
    """
    low, high = row["incremental_low"], row["incremental_high"]
    interval = "95% interval" if row["is_final"] else "95% interval for a daily look"
    again = int(row["pushes_for_5_percent"]) if pd.notna(row["pushes_for_5_percent"]) else None
    repeat = f" To show +5%, it takes {again:,} pushes of this size." if again else ""
    match row["verdict"]:
        case "more":
            return (
                f"The push brought {row['incremental']:,.0f} more funders than the control group "
                f"shows, {low:,.0f} to {high:,.0f}, {interval}."
            )
        case "fewer":
            return (
                f"The push cost {-row['incremental']:,.0f} funders against the control group, "
                f"{-high:,.0f} to {-low:,.0f}, {interval}."
            )
        case "not valid":
            return "The result is not valid: a check failed. Below is what to do."
        case "too few":
            return "Too few users funded to tell: it takes 5 or more in each group." + (
                "" if row["is_final"] else f" {days(row['days_left'])} to come."
            )
        case "too early":
            more = f", or {again - 1:,} more pushes of this size" if again and again > 1 else ""
            return (
                f"Cannot tell yet: {days(row['days_left'])}{more}. "
                f"So far, {signed(low)} to {signed(high)} funders, {interval}."
            )
    return (
        f"No difference is shown: the push brought {signed(low)} to {signed(high)} funders, "
        f"{interval}.{repeat}"
    )


def days(number: float) -> str:
    """Return a number of days that are still to come, in words."""
    return "1 more day" if number == 1 else f"{number:,.0f} more days"


def signed(number: float) -> str:
    """Return a whole number with its sign."""
    return f"{number:+,.0f}"


def checks(table: pd.DataFrame) -> None:
    """Show whether the result can be trusted."""
    st.header("Can it be trusted?", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "Check": table["check_name"].map(CHECKS),
                "Status": table["status"].map(LIGHTS),
                "Finding": table["finding"].fillna("Nothing is known."),
                "What to do": table["what_to_do"],
            }
        ),
        hide_index=True,
    )


def outcomes(results: pd.DataFrame, money: str) -> None:
    """Show the effect on each outcome with its interval."""
    st.header("What changed?", anchor=False)
    latest = results[results["is_latest"]].copy()
    latest["order"] = latest["outcome"].map(list(OUTCOMES).index)
    latest = latest.sort_values("order")
    left, right = st.columns(2)
    with left:
        st.altair_chart(
            ratio_chart(latest), alt="Relative effect on each outcome; the table has the numbers"
        )
        st.caption(
            "A dot is the change against the control group; its line is a 95% interval. The first "
            "outcome alone has a verdict. The lines of the others are longer, so that all of them "
            "hold at once. A placebo away from 0 means that the groups were not alike. Fundings "
            "that were only pulled forward are gone within twice the window."
        )
    with right:
        st.dataframe(
            pd.DataFrame(
                {
                    "Outcome": latest["outcome"].map(OUTCOMES),
                    "Notified": [_level(row, "notified_mean") for _, row in latest.iterrows()],
                    "Held back": [_level(row, "control_mean") for _, row in latest.iterrows()],
                    "Brought": [_interval(row, "incremental", 0) for _, row in latest.iterrows()],
                    "Per message": [
                        _interval(row, "per_message", 3) for _, row in latest.iterrows()
                    ],
                }
            ),
            hide_index=True,
        )
        st.caption(plain(f"Brought: users, or {money}, more than without the push."))


def ratio_chart(latest: pd.DataFrame) -> alt.LayerChart:
    """Draw the relative effect on each outcome.

    Args:
        latest: rows of ``push_results``, one per outcome, in the order to be drawn.
    """
    frame = pd.DataFrame(
        {
            "outcome": latest["outcome"].map(OUTCOMES),
            **{f"change{end}": latest[f"ratio{end}"] - 1 for end in ("", "_low", "_high")},
        }
    ).dropna()
    base = alt.Chart(frame).encode(
        alt.Y("outcome:N", sort=list(OUTCOMES.values()), title=None, axis=alt.Axis(labelLimit=240)),
        color=alt.value(css(theme().accent)),
        tooltip=[
            alt.Tooltip("outcome:N", title="Outcome"),
            alt.Tooltip("change:Q", title="Change", format="+.1%"),
            alt.Tooltip("change_low:Q", title="At least (95%)", format="+.1%"),
            alt.Tooltip("change_high:Q", title="At most (95%)", format="+.1%"),
        ],
    )
    axis = alt.X("change:Q", title="Change against the control group", axis=alt.Axis(format="+%"))
    return (
        _zero("x")
        + base.mark_rule(strokeWidth=2).encode(
            alt.X("change_low:Q", title="Change against the control group"),
            alt.X2("change_high:Q"),
        )
        + base.mark_point(filled=True, size=70, opacity=1).encode(axis)
    ).properties(height=alt.Step(34))


def by_day(results: pd.DataFrame) -> None:
    """Show how the effect grew, with the bounds that a look at a day must pass."""
    st.header("Day by day", anchor=False)
    frame = results[results["outcome"] == "funded_campaign"]
    st.altair_chart(day_chart(frame), alt="Effect on funding by day, with its interval")
    st.caption(
        "An effect counts on a day when its whole interval is on one side of 0. Early intervals "
        "are wide, so that looking every day does not find effects that are none "
        "(O'Brien and Fleming)."
    )


def day_chart(days: pd.DataFrame) -> alt.LayerChart:
    """Draw the effect of a push on each day.

    Args:
        days: rows of ``push_results`` of one outcome, a share of users.
    """
    base = alt.Chart(days).encode(
        alt.X("day:O", title="Days since the push", axis=alt.Axis(labelAngle=0)),
        color=alt.value(css(theme().accent)),
        tooltip=[
            alt.Tooltip("day:O", title="Day"),
            alt.Tooltip("difference:Q", title="Effect", format="+.2%"),
            alt.Tooltip("difference_low:Q", title="At least", format="+.2%"),
            alt.Tooltip("difference_high:Q", title="At most", format="+.2%"),
        ],
    )
    title = "Effect on the share who fund"
    return (
        _zero("y")
        + base.mark_rule(strokeWidth=2).encode(
            alt.Y("difference_low:Q", title=title), alt.Y2("difference_high:Q")
        )
        + base.mark_point(filled=True, size=70, opacity=1).encode(
            alt.Y("difference:Q", title=title, axis=alt.Axis(format="+%"))
        )
    ).properties(height=300)


def by_part(effects: pd.DataFrame) -> None:
    """Show in which part of the audience the push worked."""
    st.header("For whom?", anchor=False)
    if effects.empty:
        st.info("Nothing can be said of parts of the audience yet.")
        return
    part = effects["segment"].where(
        effects["dimension"] == "segment", effects["segment"].map(BANDS)
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Part": part,
                "Notified": [_share(value) for value in effects["notified_mean"]],
                "Held back": [_share(value) for value in effects["control_mean"]],
                "Effect": [_points(row) for _, row in effects.iterrows()],
                "q-value": effects["q_value"],
            }
        ),
        hide_index=True,
        column_config={"q-value": st.column_config.NumberColumn(format="%.3f")},
    )
    st.caption(
        "Fifths are those of the ranking. An effect with a q-value above 0.05 may well be chance."
    )


def program(program: pd.DataFrame, labels: dict[str, str]) -> None:
    """Show what all pushes brought together; a ledger may name a strategy that has no label."""
    if program.empty:
        return
    st.header("All pushes together", anchor=False)
    st.dataframe(
        pd.DataFrame(
            {
                "Strategy": [labels.get(name, "Another one") for name in program["strategy"]],
                "Outcome": program["outcome"].map(OUTCOMES),
                "Pushes": program["pushes"],
                "Brought": [_interval(row, "incremental", 0) for _, row in program.iterrows()],
                "Per notified user": [
                    f"{row['difference']:+.4f} "
                    f"({row['difference_low']:+.4f} to {row['difference_high']:+.4f})"
                    for _, row in program.iterrows()
                ],
                "However often one looks": [
                    f"{row['always_valid_low']:+.4f} to {row['always_valid_high']:+.4f}"
                    for _, row in program.iterrows()
                ],
                "Differs between pushes": program["share_of_heterogeneity"],
            }
        ),
        hide_index=True,
        column_config={
            "Differs between pushes": st.column_config.NumberColumn(
                format="percent", help="The share of the differences that is more than chance"
            )
        },
    )
    st.caption(
        "Finished pushes of all campaigns whose checks did not fail, small ones too. In brackets: "
        "95% intervals for what these pushes brought, for one look."
    )


def history(table: pd.DataFrame) -> None:
    """Show whether past predictions came true for users who were held back."""
    if table.empty:
        return
    with st.expander("Did the predictions come true for users who were held back?"):
        st.dataframe(
            pd.DataFrame(
                {
                    "Build": table["build_id"].str[:8],
                    "Probability from": table["lowest_probability"],
                    "Controls": table["control_users"],
                    "Expected funders": table["expected_funders"],
                    "Observed funders": table["observed_funders"],
                    "z": table["z"],
                    "Stability": table["population_stability"],
                }
            ),
            hide_index=True,
            column_config={
                "Probability from": st.column_config.NumberColumn(format="percent"),
                "Expected funders": st.column_config.NumberColumn(format="%.0f"),
                "Observed funders": st.column_config.NumberColumn(format="%.0f"),
                "z": st.column_config.NumberColumn(
                    format="%+.1f", help="Beyond 2 to either side is unlikely to be chance"
                ),
                "Stability": st.column_config.NumberColumn(
                    format="%.2f", help="Above 0.25, users have changed much since that build"
                ),
            },
        )
        st.caption("Controls count as the users of the audience that they stand for.")


def funnel(table: pd.DataFrame) -> None:
    """Show what followed impressions."""
    if table.empty:
        return
    with st.expander("What followed impressions?"):
        st.dataframe(
            table.rename(
                columns={
                    "source": "Source",
                    "event_date": "Day",
                    "impressed": "Saw a project",
                    "viewers": "Viewed one",
                    "funders": "Funded one",
                    "is_complete": "Complete",
                }
            ),
            hide_index=True,
        )
        st.caption("This is what followed, not what was caused.")


def _zero(axis: str) -> alt.Chart:
    encode = {axis: alt.X("zero:Q") if axis == "x" else alt.Y("zero:Q")}
    line = alt.Chart(pd.DataFrame({"zero": [0.0]}))
    return line.mark_rule(strokeDash=[5, 4], color=css(theme().line)).encode(**encode)


def _share(value: float) -> str:
    return "unknown" if pd.isna(value) else f"{value:.1%}"


def _level(row: pd.Series, column: str) -> str:
    return f"{row[column]:,.2f}" if row["outcome"].startswith("amount") else _share(row[column])


def _points(row: pd.Series) -> str:
    if pd.isna(row["difference_low"]):
        return "too few users"
    low, high = row["difference_low"] * 100, row["difference_high"] * 100
    return f"{row['difference'] * 100:+.1f} points ({low:+.1f} to {high:+.1f})"


def _interval(row: pd.Series, column: str, digits: int) -> str:
    value, low, high = (row[f"{column}{end}"] for end in ("", "_low", "_high"))
    if pd.isna(low):
        return "unknown"
    return f"{value:+,.{digits}f} ({low:+,.{digits}f} to {high:+,.{digits}f})"
