"""How well each way of choosing users would have done, tested on what happened afterwards."""

import pandas as pd
import streamlit as st

from bootloader.app.charts import (
    calibration_chart,
    factors_chart,
    gains_chart,
    lift_chart,
    training_chart,
)
from bootloader.app.controls import choose_campaign
from bootloader.app.layout import title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State, strategies
from bootloader.app.strategies import labels_of, strategy_of
from bootloader.app.theme import theme

COLUMNS = {
    "strategy": st.column_config.TextColumn("Strategy", pinned=True),
    "recommended": st.column_config.CheckboxColumn("Recommended"),
    "lift_at_10": st.column_config.TextColumn(
        "Best 10%", help="How many times as many funders as a random 10% of users has"
    ),
    "lift_at_25": st.column_config.TextColumn(
        "Best 25%", help="How many times as many funders as a random 25% of users has"
    ),
    "auc": st.column_config.TextColumn(
        "AUC", help="The chance that a funder is ranked above another user; 0.5 is random"
    ),
}


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    campaign = state.campaign
    title(copy, state, "How sure are we?")
    with st.container(width=280):
        choose_campaign(copy, state)
    evaluation = copy.query("strategy_evaluation", campaign=campaign)
    if evaluation.empty:
        st.info(
            "Nothing could be tested for this campaign: nobody had been seen before the last test "
            "period. Build with events of a longer time, then reload this page."
        )
    elif not evaluation["funders"].max():
        st.info(
            "Nobody funded a project of this campaign's categories in the test period, so no "
            "strategy could be tested. Choose another campaign, or build with more events."
        )
    else:
        gains = copy.query("strategy_gains", campaign=campaign)
        answer(copy, campaign, evaluation, gains)
        compare(copy, evaluation, gains)
    left, right = st.columns(2)
    with left:
        reliability = copy.query("strategy_reliability", campaign=campaign)
        calibration(evaluation, reliability, labels_of(copy))
    with right:
        factors(copy.query("campaign_factors", campaign=campaign))
    training(copy.query("training_runs"))


def answer(copy: ServingCopy, campaign: str, evaluation: pd.DataFrame, gains: pd.DataFrame) -> None:
    """Say what was measured, when, on whom, and what the recommended strategy brought."""
    # Chance ranks everybody; a strategy may leave out a user, such as the one it compares with.
    measured = evaluation.loc[evaluation["users"].idxmax()]
    begin = pd.Timestamp(measured["cut_at"])
    st.markdown(
        f"Every strategy ranked the **{measured['users']:,} users** seen before **{begin.day} "
        f"{begin:%B %Y, %H:%M} UTC**, using only data from before that date. In the "
        f"**{measured['horizon_days']:g} days** after it, **{measured['funders']:,}** of them "
        f"({measured['base_rate']:.1%}) funded a project of the campaign's categories. How many of "
        "these does each strategy put first?"
    )
    if (new := measured["new_funder_share"]) >= 0.05:
        st.markdown(
            f"**{new:.0%}** of the campaign's funders in that time had not been seen before it: no "
            "list of users can hold them."
        )
    recommended = evaluation[evaluation["is_recommended"]]
    if recommended.empty:
        first = strategy_of(copy, strategies(copy, campaign)[0])
        st.warning(
            "No strategy is recommended: none was clearly better than random. The audience page "
            f"shows “{first.label}” first; treat every ranking as a guess."
        )
        return
    best = recommended.iloc[0]
    label = strategy_of(copy, best["strategy"]).label
    reached = gains[(gains["strategy"] == best["strategy"]) & (gains["audience_percent"] <= 25)]
    if pd.isna(best["lift_at_25"]) or reached.empty:
        st.markdown(f"Recommended: **{label}**.")
        return
    last = reached.iloc[-1]
    st.markdown(
        f"Recommended: **{label}**. Notifying the first 25% of its "
        f"ranking ({last['users_so_far']:,.0f} users) would have reached:"
    )
    share, chance, lift = st.columns(3)
    share.metric("Funders reached", f"{last['share_of_funders']:.0%}", border=True)
    chance.metric(
        "Funders reached at random",
        f"{last['users_so_far'] / best['users']:.0%}",
        border=True,
        help="With the same number of random users",
    )
    lift.metric(
        f"Better than random ({best['lift_at_25_low']:.2f}x to {best['lift_at_25_high']:.2f}x)",
        f"{best['lift_at_25']:.2f}x",
        border=True,
        help="How many times as many funders as the same number of random users; in brackets the "
        "95% interval",
    )


def compare(copy: ServingCopy, evaluation: pd.DataFrame, gains: pd.DataFrame) -> None:
    """Show the strategies side by side, and the notebook's method among them."""
    labels = labels_of(copy)
    measured = [strategy_of(copy, name) for name in evaluation["strategy"]]
    curve, lifts = st.columns(2)
    with curve:
        st.header("Funders reached by users notified", anchor=False)
        st.altair_chart(
            gains_chart(gains, labels, theme()),
            alt="Funders reached by users notified, a line per strategy",
        )
        st.caption("The higher the line, the more funders a push of that size reaches.")
    with lifts:
        st.header("How much better than random?", anchor=False)
        if evaluation[["lift_at_10", "lift_at_25"]].notna().any(axis=None):
            st.altair_chart(
                lift_chart(evaluation, labels, theme()),
                alt="Lift per strategy; the table below has the numbers",
            )
            st.caption(
                "A dot is the measured value, its line the 95% interval. The dashed line is a "
                "random push."
            )
        else:
            st.info("A tenth of the users is less than one user. Build with more events.")
    st.dataframe(
        pd.DataFrame(
            {
                "strategy": [strategy.label for strategy in measured],
                "recommended": evaluation["is_recommended"],
                **{
                    measure: [_with_interval(row, measure) for _, row in evaluation.iterrows()]
                    for measure in ("lift_at_10", "lift_at_25", "auc")
                },
            }
        ),
        hide_index=True,
        column_config=COLUMNS,
    )
    st.caption(
        "In brackets: 95% intervals for other users of the same kind in that time; another time "
        "may differ by more. AUC is the chance that a funder is ranked above another user: "
        "0.5 is random, 1 is perfect."
    )
    with st.expander("How each strategy chooses"):
        for strategy in measured:
            st.markdown(f"**{strategy.label}.** {strategy.explanation}")
    notebook = evaluation[evaluation["strategy"] == "notebook_look_alike"]
    if len(notebook) and pd.notna(notebook["auc_low"].iloc[0]):
        verdict = (
            "which is better than random."
            if notebook["is_better_than_chance"].iloc[0]
            else "which may be no better than random: it mostly follows where users live, and that "
            "says little about who funds next."
        )
        st.markdown(
            "**The notebook's method:** similarity to the best funder has an AUC of "
            f"{_with_interval(notebook.iloc[0], 'auc')}, {verdict}"
        )


def calibration(
    evaluation: pd.DataFrame, reliability: pd.DataFrame, labels: dict[str, str]
) -> None:
    """Show whether the probabilities came true."""
    st.header("Do the probabilities come true?", anchor=False)
    if reliability.empty:
        st.info("No strategy gave probabilities that could be compared with what happened.")
        return
    st.altair_chart(
        calibration_chart(reliability, labels, theme()),
        alt="Predicted probability against the share who funded",
    )
    st.caption(
        "Each circle is a group of users with similar probabilities; its size is the number of "
        "users. On the dashed line, as many funded as predicted; above it, more did."
    )
    network = evaluation[evaluation["strategy"] == "fund_network"]
    if len(network) and pd.notna(network["expected_calibration_error"].iloc[0]):
        error = network["expected_calibration_error"].iloc[0] * 100
        st.markdown(
            f"On average the network's probabilities were **{error:.1f} percentage points** off. "
            + _expected_in_words(network["expected_over_observed"].iloc[0])
        )


def _expected_in_words(ratio: float) -> str:
    if round(ratio, 2) == 1:
        return "It expected as many funders as there were."
    return f"It expected **{abs(ratio - 1):.0%} {'more' if ratio > 1 else 'fewer'}** than funded."


def factors(effects: pd.DataFrame) -> None:
    """Show what moves the probabilities."""
    st.header("What moves the probabilities?", anchor=False)
    if effects.empty:
        st.info(
            "The fund network had too little to learn from, so there are no probabilities to "
            "explain. Users are ranked by what they viewed but did not fund. Build with more "
            "events."
        )
        return
    st.altair_chart(factors_chart(effects, theme()), alt="Average change of probability per factor")
    st.caption(
        "How much a user's probability changes without it: without those actions, or with the "
        "average attribute in place of the user's own. Effects overlap, so they do not add up."
    )


def training(runs: pd.DataFrame) -> None:
    """Show how the networks learned, for those who want to know."""
    with st.expander("How the networks learned (training curves)"):
        if runs.empty:
            st.info("No network was trained in this build.")
            return
        st.markdown(
            "The error on the training rows after each pass over them: it should fall and level "
            "off. *In use* is trained on all events, *hold-out* only on those before the test "
            "period; the results above are from the latter."
        )
        notebook = runs["network"].str.endswith("attribute_network")
        left, right = st.columns(2)
        alt = "Training error per pass, a line per network"
        if not notebook.all():
            left.altair_chart(
                training_chart(runs[~notebook], "Error (cross-entropy)", theme()), alt=alt
            )
        if notebook.any():
            right.altair_chart(
                training_chart(runs[notebook], "Error (mean square)", theme()), alt=alt
            )
        first = runs.iloc[0]
        st.caption(f"Trained on {first['device']} with seed {first['seed']}; repeats exactly.")


def _with_interval(row: pd.Series, measure: str) -> str:
    digits = 3 if measure == "auc" else 2
    value, low, high = (row[f"{measure}{end}"] for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "unknown"
    if pd.isna(low):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
