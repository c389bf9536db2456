"""What was read, what was rejected and why, and how complete and consistent the rest is."""

import pandas as pd
import streamlit as st

from bootloader.app.embedding_charts import events_chart
from bootloader.app.layout import title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State
from bootloader.app.theme import theme

EXAMPLES_PER_REASON = 3
MOST_CHARACTERS = 300
MOST_FILES = 500
MOST_NEW_VALUES = 100
MOST_CANDIDATES = 100
MOST_FINDINGS = 20


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    title(copy, state, "Is the data sound?", is_of_campaign=False)
    totals = copy.query("source_file_totals").iloc[0]
    if not totals["records"]:
        st.info("No record was read. Check where `events_path` points, then run `make build`.")
        return
    show_totals(totals)
    show_findings(copy)
    show_rejected(copy, totals)
    show_days(copy)
    show_users(copy)
    show_left_out(copy)
    show_columns(copy)
    show_new_values(copy)
    show_files(copy, int(totals["files"]))


def show_totals(totals: pd.Series) -> None:
    """Say how many records were read, and what became of them."""
    st.caption(
        "A record is one logged action: somebody viewed or funded a project. The other pages use "
        "the accepted ones. This page is the same for every campaign."
    )
    figures = st.columns(4)
    figures[0].metric("Records read", f"{totals['records']:,.0f}", border=True)
    for place, label, column, meaning in (
        (figures[1], "Accepted", "events", "They count as events."),
        (figures[2], "Duplicates", "duplicate_events", totals["duplicate_meaning"]),
        (figures[3], "Rejected", "rejected_records", "They cannot be used; see the reasons below."),
    ):
        place.metric(
            f"{label} ({totals[column] / totals['records']:.1%})",
            f"{totals[column]:,.0f}",
            border=True,
            help=meaning,
        )


def show_findings(copy: ServingCopy) -> None:
    """Say what may be wrong with the files or with a column, and what to do."""
    findings = copy.query("input_findings", most_rows=MOST_FINDINGS)
    if findings.empty:
        return
    st.header("Worth a look", anchor=False)
    st.caption(
        f"{findings['findings'].iloc[0]:,} findings about the files and their columns. Until they "
        "are settled, figures on the other pages may be wrong."
    )
    for message in findings["message"]:
        with st.container(border=True):
            # The text of a file is shown as plain text.
            st.text(message)


def show_rejected(copy: ServingCopy, totals: pd.Series) -> None:
    """Say why records were rejected, with examples to hand to whoever writes them."""
    st.header("Rejected records", anchor=False)
    reasons = copy.query("rejection_reasons")
    if reasons.empty:
        st.success(f"Good news: all {totals['records']:,.0f} records were accepted.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "reason": reasons["reason"],
                "records": reasons["records"],
                "share": reasons["records"] / totals["records"],
                "files": reasons["files"],
                "meaning": reasons["meaning"],
                "remedy": reasons["remedy"],
            }
        ),
        hide_index=True,
        alt="Reasons for rejecting records, with their counts",
        column_config={
            "reason": "Reason",
            "meaning": st.column_config.TextColumn("What it means", width="medium"),
            "remedy": st.column_config.TextColumn("What to do", width="medium"),
            "records": st.column_config.NumberColumn("Records", format="localized"),
            "share": st.column_config.NumberColumn("Share of all records", format="percent"),
            "files": st.column_config.NumberColumn("In files", format="localized"),
        },
    )
    st.caption(
        "Rejected records change nothing on the other pages. Give the examples to whoever writes "
        "the files; once a file is fixed, the next build reads it again."
    )
    examples = copy.query(
        "rejected_examples", per_reason=EXAMPLES_PER_REASON, most_characters=MOST_CHARACTERS
    )
    with st.expander(f"Examples: up to {EXAMPLES_PER_REASON} for each reason"):
        for reason in reasons["reason"]:
            # The text of a file is shown as plain text.
            st.text(reason)
            for example in examples[examples["reason"] == reason].itertuples():
                with st.container(border=True):
                    st.text(f"{example.record}\n\nfrom {example.source_file}")


def show_days(copy: ServingCopy) -> None:
    """Draw the events of each day, where a gap or a jump would show."""
    st.header("Events per day", anchor=False)
    days = copy.query("events_per_day")
    if days.empty:
        st.info("No event was accepted. Fix the records above, then run `make build`.")
        return
    dates = pd.to_datetime(days["event_date"])
    first, last = dates.min(), dates.max()
    silent = (last - first).days + 1 - dates.nunique()
    gaps = {0: "Every day has events.", 1: "1 day has none."}
    st.caption(
        f"From {first.day} {first:%B %Y} to {last.day} {last:%B %Y}. "
        f"{gaps.get(silent, f'{silent:,} days between have none.')} "
        "Ask whoever writes the events about a gap or a jump that you cannot explain."
    )
    st.altair_chart(events_chart(days, theme()), alt="Accepted events of each day, by action")


def show_users(copy: ServingCopy) -> None:
    """Say how many users have events that contradict each other, or a gender nobody knows."""
    st.header("Users", anchor=False)
    users = copy.query("user_conflicts").iloc[0]
    figures = st.columns(3)
    figures[0].metric("Users", f"{users['users']:,}", border=True)
    figures[1].metric(
        "With contradicting attributes",
        f"{users['users_with_conflicts']:,}",
        border=True,
        help="Their events have different ages, cities and so on. The latest event counts.",
    )
    figures[2].metric(
        "Of unknown gender",
        f"{users['users_of_unknown_gender']:,}",
        border=True,
        help="None of their events has F or M.",
    )


def show_left_out(copy: ServingCopy) -> None:
    """Say who is left out of pushes or of everything, and who perhaps should be."""
    st.header("Users left out", anchor=False)
    rejected = copy.query("rejected_consents")
    for row in rejected.itertuples():
        st.warning(
            f"{row.records:,} opt-outs or opt-ins do not count: {row.reason}. These users may "
            "still get pushes; whoever runs the builds can add them to the seed excluded_users."
        )
        st.text(f"{row.example}\n\nfrom {row.source_file}. {row.remedy}")
    consents = copy.query("push_consents").iloc[0]
    figures = st.columns(3)
    figures[0].metric(
        "Opted out of pushes",
        f"{consents['opted_out']:,}",
        border=True,
        help="Their events count; no plan has them.",
    )
    figures[1].metric("Opted in again", f"{consents['opted_in_again']:,}", border=True)
    exclusions = copy.query("user_exclusions")
    figures[2].metric(
        "Excluded",
        f"{exclusions['users'].sum():,}",
        border=True,
        help="The seed excluded_users names them.",
    )
    if len(exclusions):
        st.dataframe(
            exclusions,
            hide_index=True,
            alt="Excluded users, by what they are excluded from and why",
            column_config={
                "scope": "Excluded from",
                "reason": "Why",
                "users": st.column_config.NumberColumn("Users", format="localized"),
                "records": st.column_config.NumberColumn("Records", format="localized"),
            },
        )
    candidates = copy.query("exclusion_candidates", most_rows=MOST_CANDIDATES)
    if candidates.empty:
        st.caption("No other user looks like staff, a test or a robot.")
        return
    st.caption(
        f"{candidates['candidates'].iloc[0]:,} users may be no customers. Nobody is left out "
        "because of it: whoever runs the builds can add them to the seed excluded_users."
    )
    st.dataframe(
        candidates.drop(columns="candidates"),
        hide_index=True,
        alt="Users who may be no customers, those with most events first",
        column_config={
            "session_id": "User (session_id)",
            "signs": "What tells",
            "events": st.column_config.NumberColumn("Events", format="localized"),
        },
    )


def show_columns(copy: ServingCopy) -> None:
    """Say which columns have gaps, and which have several values for one user."""
    st.header("Columns", anchor=False)
    columns = copy.query("column_audit")
    st.dataframe(
        columns,
        hide_index=True,
        height="content",
        placeholder="",
        alt="Columns of the events, with missing and contradicting values",
        column_config={
            "column_name": "Column",
            "missing_values": st.column_config.NumberColumn(
                "Events without a value", format="localized"
            ),
            "share_missing": st.column_config.NumberColumn("Share of events", format="percent"),
            "users_with_several_values": st.column_config.NumberColumn(
                "Users with several values",
                format="localized",
                help="Empty where a user may well have several, such as categories.",
            ),
        },
    )
    st.caption(
        "Only a funding has an amount, so views have none. An unknown gender (U) is a value here: "
        "a user with U in one event and F in another has several, and counts as F."
    )


def show_new_values(copy: ServingCopy) -> None:
    """List what no event of the last build had: new places, new categories, new spellings."""
    st.header("New since the last build", anchor=False)
    values = copy.query("new_values", most_per_column=MOST_NEW_VALUES)
    if values.empty:
        st.caption("No category and no attribute has a value that the last build did not have.")
    elif values["is_new"].isna().any():
        st.caption("This is the first build: from the next one on, new values are listed here.")
    else:
        st.caption(
            "A new value is a new market, or a spelling that somebody should check. The "
            f"{MOST_NEW_VALUES:,} most frequent of each column are listed."
        )
        st.dataframe(
            values.drop(columns="is_new"),
            hide_index=True,
            placeholder="",
            alt="Values that the last build did not have, the most frequent first",
            column_config={
                "column_name": "Column",
                "column_value": "New value",
                "events": st.column_config.NumberColumn("Events", format="localized"),
                "new_values": st.column_config.NumberColumn(
                    "New in this column", format="localized"
                ),
            },
        )


def show_files(copy: ServingCopy, files: int) -> None:
    """List the files with what became of their records."""
    st.header("Files", anchor=False)
    if files > MOST_FILES:
        st.caption(f"The {MOST_FILES:,} files with most rejected records, of {files:,}.")
    st.dataframe(
        copy.query("source_files", most_rows=MOST_FILES),
        hide_index=True,
        placeholder="",
        alt="Files that were read, with what became of their records",
        column_config={
            "source_file": "File",
            "records": st.column_config.NumberColumn("Records", format="localized"),
            "events": st.column_config.NumberColumn("Accepted", format="localized"),
            "duplicate_events": st.column_config.NumberColumn("Duplicates", format="localized"),
            "refunded_events": st.column_config.NumberColumn("Paid back", format="localized"),
            "rejected_records": st.column_config.NumberColumn("Rejected", format="localized"),
            "first_event_at": "First event (UTC)",
            "last_event_at": "Last event (UTC)",
        },
    )
