"""Whoever wants no pushes, or must not count, is left out, however the files say it."""

import json

import pandas as pd
import pytest
from conftest import WITHOUT_UNIT_TESTS, Build

pytestmark = pytest.mark.build

TIME = 1_393_632_004
ACTED = {"event_name": "View Project", "category": "Games", "client_time": TIME}
OUT = {"event_name": "Push Opt-out"}
IN = {"event_name": "push opt-in", "client_time": TIME + 1}
# What the files say of each user beside one view.
CONSENTS: dict[str, list[dict]] = {
    "stays": [],
    "no time": [OUT],
    "time 0": [OUT | {"client_time": 0}],
    "bad place": [OUT | {"client_time": TIME, "latitude": 91}],
    "other case": [OUT | {"event_name": "push opt-out ", "client_time": TIME}],
    "spaces": [OUT | {"session_id": " spaces\t", "client_time": TIME}],
    "back again": [OUT | {"client_time": TIME}, IN],
    "tie": [OUT | {"client_time": TIME + 1}, IN],
    "out for good": [IN, OUT | {"client_time": TIME + 2}],
    "test-1": [],
    "u5": [],
    "u50": [],
}
REJECTED = [
    OUT | {"session_id": None},
    IN | {"session_id": "no time", "client_time": None},
    # It would look like an id of somebody else.
    OUT | {"session_id": "5u\u202e6u"},
    {"event_name": "Unsubscribe", "session_id": "other name", "client_time": TIME},
]


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Build:
    """A build of files that tell of consents, and a project that excludes users."""
    build = Build(tmp_path_factory.mktemp("consent")).with_own_project()
    (build.project / "seeds" / "excluded_users.csv").write_text(
        "session_id,scope,reason\ntest-*,everything,tests\nu5,pushes,asked by letter\n"
    )
    records = [
        {"session_id": user} | record
        for user, said in CONSENTS.items()
        for record in (ACTED, *said)
    ]
    lines = "\n".join(map(json.dumps, [*records, *REJECTED]))
    (build.folder / "events.json").write_text(f'{lines}\n{{"event_name": "Push Opt-out", "sess')
    ledger = pd.DataFrame({"push_id": "p", "session_id": ["stays", " spaces"], "arm": "control"})
    settings = {
        "campaign": "Games", "starts_at": "2014-03-01T00:00:05Z", "window_days": 7,
        "control_probability": 0.5,
    }  # fmt: skip
    ledger.assign(**settings).to_csv(build.folder / "ledger.csv", index=False)
    with (build.folder / "ledger.csv").open("a") as file:
        file.write('p,"unfinished')
    return build.dbt_process(
        *WITHOUT_UNIT_TESTS, "--select", "+push_consents", "+rejected_events",
        "+rejected_consents", "+rejected_assignments", "push_assignments", "+users",
        events_path=str(build.folder / "events.json"),
        assignments_path=str(build.folder / "ledger.csv"),
    ).succeeds()  # fmt: skip


def test_an_opt_out_counts_however_it_is_written(told):
    """Somebody who asked for no more pushes would get them."""
    out = told.query("from push_consents where is_opted_out")["session_id"]
    assert set(out) == {
        "no time", "time 0", "bad place", "other case", "spaces", "tie", "out for good",
    }  # fmt: skip
    assert told.value("select count(*) from push_consents where not is_opted_out") == 1


def test_consents_that_are_lost_are_named(told):
    """Nobody would know that some who opted out still get pushes."""
    lost = told.query("from rejected_consents").set_index("reason")["records"].to_dict()
    assert lost == {
        "missing session_id": 1, "missing client_time": 1, "missing category": 1,
        "malformed JSON": 1, "control character in session_id": 1,
    }  # fmt: skip
    assert "warn_consent_rejected found 5" in told.output
    assert "opt-outs or opt-ins rejected, 'missing session_id', such as" in told.output


def test_excluded_users_count_nowhere_or_get_no_push(told):
    """Tests would take the first places, or a pattern leave out people whom nobody named."""
    exclusions = told.query("from user_exclusions").set_index("session_id")["scope"].to_dict()
    assert exclusions == {"test-1": "everything", "u5": "pushes"}
    users = set(told.query("from users")["session_id"])
    assert "test-1" not in users and {"u5", "u50", "stays"} <= users
    rejected = told.query("from rejected_events where reason = 'excluded user'")
    assert [json.loads(text)["session_id"] for text in rejected["raw_event"]] == ["test-1"]


def test_a_ledger_may_be_csv_and_a_row_that_is_cut_off_is_named(told):
    """Controls would be lost between the plan and its result, unnoticed."""
    assert set(told.query("from push_assignments")["session_id"]) == {"stays", "spaces"}
    rejected = told.query("from rejected_assignments")
    assert rejected["reason"].to_list() == ["malformed CSV"]
    assert "warn_ledger_row_rejected found 1" in told.output


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere/*.parquet", "assignments_path: no file matches"),
        ("docs", "assignments_path: 'docs' is a folder"),
    ],
)
def test_ledgers_are_looked_at_before_anything_is_built(new_build, path, said):
    """A build would change half of the tables and then end in DuckDB's own words."""
    failed = new_build.dbt(*WITHOUT_UNIT_TESTS, assignments_path=path).fails(said)
    assert "OK created" not in failed.output
