"""Several ids of one user count as one, in events, consents and ledgers."""

import json

import pandas as pd
import pytest
from conftest import WITHOUT_UNIT_TESTS, Build, write_events

pytestmark = pytest.mark.build

TIME = 1_393_632_004
# Before and after they log in, on a second phone, and a device that half a school shares.
LINKS = [
    ("ada", "a-1"), ("ada", "a-2"), ("a-2", "a-3"), ("bob", "b-1"), ("cyd", "c-1"), ("dan", "d-1"),
    *((f"pupil {number}", "tablet") for number in range(30)),
]  # fmt: skip


def link(user: str, other: str) -> dict:
    return {"session_id": user, "other_session_id": other, "aliased_at": TIME}


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Build:
    """A build of events, consents and a ledger that name users by all of their ids."""
    build = Build(tmp_path_factory.mktemp("aliases"))
    ids = sorted({name for pair in LINKS for name in pair})
    views = [
        {"session_id": name, "event_name": "View Project", "category": "Games",
         "client_time": TIME + number}
        for number, name in enumerate(ids)
    ]  # fmt: skip
    opt_outs = [{"session_id": "b-1", "event_name": "Push Opt-out", "client_time": TIME}]
    write_events(build.folder / "events.json", [*views, *opt_outs])
    lines = "\n".join(json.dumps(link(*pair)) for pair in LINKS)
    (build.folder / "aliases.json").write_text(lines)
    arms = {"a-1": "control", "ada": "control", "c-1": "control", "cyd": "notify", "dan": "notify",
            "tablet": "notify"}  # fmt: skip
    pd.DataFrame(
        {
            "push_id": "p", "session_id": arms.keys(), "arm": arms.values(), "campaign": "Games",
            "starts_at": "2014-03-01T00:00:05Z", "window_days": 7, "control_probability": 0.5,
            "audience_rank": range(len(arms)),
        }
    ).to_csv(build.folder / "ledger.csv", index=False)  # fmt: skip
    return build.dbt(
        *WITHOUT_UNIT_TESTS, "--select", "+users", "+push_consents", "+rejected_assignments",
        "+push_assignments", "+ledger_counts", "+input_findings",
        events_path=str(build.folder / "events.json"),
        user_aliases=str(build.folder / "aliases.json"),
        assignments_path=str(build.folder / "ledger.csv"),
    ).succeeds()  # fmt: skip


def test_linked_ids_are_one_user_also_by_way_of_others(told):
    """Somebody who logs in would be two users, one of whom views and the other one funds."""
    users = dict(told.query("select session_id, events from users").itertuples(index=False))
    assert (users["ada"], users["bob"], users["cyd"], users["dan"]) == (4, 2, 2, 2)
    assert {"a-1", "a-2", "a-3", "b-1"} & set(users) == set()


def test_a_device_that_many_share_makes_nobody_one_user(told):
    """A school would be one user, and the first of every audience."""
    assert told.value("select count(*) from users where session_id like 'pupil %'") == 30
    (finding,) = told.query("select message from input_findings")["message"]
    assert "31 ids, such as pupil 0, stay apart" in finding
    assert finding in told.output


def test_an_opt_out_under_any_id_counts_for_the_user(told):
    """Somebody would opt out on the phone, and get pushes on the tablet."""
    consents = told.query("select session_id, is_opted_out from push_consents")
    assert consents.to_dict("list") == {"session_id": ["bob"], "is_opted_out": [True]}


def test_a_control_stays_a_control_and_who_is_in_both_arms_counts_in_none(told):
    """A user who got the push would be counted as one who was held back."""
    accepted = told.query("select session_id, arm from push_assignments order by 1")
    assert list(accepted.itertuples(index=False, name=None)) == [
        ("ada", "control"), ("dan", "notify"), ("tablet", "notify"),
    ]  # fmt: skip
    rejected = told.query("select session_id, reason from rejected_assignments order by all")
    assert list(rejected.itertuples(index=False, name=None)) == [
        ("ada", "one user under several ids"),
        ("cyd", "one user in both arms"), ("cyd", "one user in both arms"),
    ]  # fmt: skip
    assert "2 rows of the ledger rejected, 'one user in both arms'" in told.output
    # They were drawn all the same: nothing is missing from the ledger.
    assert told.value("select users from ledger_counts") == 6
