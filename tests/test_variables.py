"""Whatever somebody gives a variable is either used as meant or rejected with a message."""

import math
import re
from datetime import UTC, date, datetime

import pytest
import yaml
from bootloader.variables import (
    NAMES,
    PAGE,
    VARIABLES,
    check_variables,
    defaults,
    page_with_table,
    second_of,
    unknown_variables,
)
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.unit

EVENT_FIELDS = ["session_id", "category", "device"]


def faults(**changes: object) -> list[str]:
    """Return the messages about the defaults with some other values."""
    return check_variables(defaults() | changes, event_fields=EVENT_FIELDS)


def test_the_table_has_each_variable_of_the_project_once():
    """A variable would be used without a check, or documented without being one."""
    assert list(defaults()) == NAMES
    assert len(set(NAMES)) == len(NAMES)


def test_the_defaults_are_allowed():
    """No build would start, whatever somebody sets."""
    assert faults() == []


@pytest.mark.parametrize("variable", VARIABLES, ids=NAMES)
def test_examples_are_allowed(variable):
    """A message would advise what the next build rejects."""
    assert faults(**{variable.name: yaml.safe_load(variable.example)}) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("events_path", None, "events_path: null must be a file, a glob, or a list of them"),
        ("events_path", [], "must be a file, a glob, or a list of them"),
        ("events_path", ["a.json", ""], "must be a file, a glob, or a list of them"),
        ("event_fields", {"device": ""}, "event_fields: '' for device must be a key, or keys with"),
        ("event_fields", {"device": "app..os"}, "event_fields: 'app..os' for device must be a key"),
        ("event_fields", {"device": ["os", 7]}, "event_fields: 7 for device must be a key"),
        ("event_fields", {"device": []}, "must be a mapping from fields of an event"),
        ("events_relation", "app.public.events; drop table users", "must be null or the name of"),
        ("events_relation", "a.b.c.d", "must be null or the name of a model, or of a table"),
        ("events_relation", "exports/*.json", "must be null or the name of a model, or of a table"),
        ("user_aliases", "aliases; drop table users", "or a file or a glob"),
        ("max_aliases", 1, "must be a whole number from 2 to 1,000"),
        ("currency", "US$", "must be a code of ISO 4217"),
        ("decimal_mark", ";", "must be . or ,"),
        ("business_time_zone", "Mars/Olympus", "must be the name of a time zone"),
        ("event_fields", {"devise": "os"}, "'devise' is not a field of an event, such as session"),
        ("fund_event", "", "must be text without control characters, such as Fund Project"),
        ("fund_event", "Fund\rProject", r"fund_event: 'Fund\rProject' must be text without"),
        ("fund_event", "Fund\u2028Project", "must be text without control characters"),
        ("fund_event", 7, "fund_event: 7 must be text"),
        ("push_sent_event", "Fund Project", "push_sent_event: 'Fund Project' is also fund_event"),
        ("push_sent_event", " fund project", "push_sent_event: ' fund project' is also fund_event"),
        ("view_event", "Fund Project", "fund_event: 'Fund Project' is also view_event"),
        ("as_of", "soon", "must be null or an ISO date or timestamp, or a UNIX second"),
        ("as_of", "2014-02-30", "must be null or an ISO date or timestamp"),
        ("as_of", 20140322, "as_of: 20140322 must be null or an ISO date or timestamp"),
        ("as_of", math.nan, "must be null or an ISO date or timestamp"),
        ("as_of", "1999-12-31", "as_of: '1999-12-31' is not after earliest_client_time, '2000-01"),
        ("as_of", date(2000, 1, 1), "as_of: 2000-01-01 is not after earliest_client_time"),
        ("as_of", "2100-01-01T00:00:01Z", "is after latest_client_time, '2100-01-01'"),
        ("earliest_client_time", None, "earliest_client_time: null must be an ISO date"),
        (
            "earliest_client_time",
            0,
            "must be an ISO date or timestamp, or a UNIX second, from 1980",
        ),
        ("earliest_client_time", "2100-01-01", "is not before latest_client_time"),
        (
            "latest_client_time",
            "1999-01-01",
            "'2000-01-01' is not before latest_client_time, '1999",
        ),
        ("amount_limit", 0, "must be a number above 0"),
        ("amount_limit", math.inf, "must be a number above 0"),
        ("amount_limit", "1; drop table users", "'1; drop table users' must be a number above 0"),
        ("max_record_bytes", 10**9, "must be a whole number from 1,000 to 64,000,000"),
        ("max_record_bytes", 1e6, "must be a whole number from 1,000 to 64,000,000"),
        ("unknown_gender", "X", "unknown_gender: 'X' must be F, M or U"),
        ("unknown_gender", ["F"], "unknown_gender: ['F'] must be F, M or U"),
        ("horizon_days", 0, "must be a number of days above 0 and at most 3,650, such as 14"),
        ("horizon_days", -7, "must be a number of days above 0"),
        ("horizon_days", True, "horizon_days: true must be a number of days"),
        ("horizon_days", 10**400, "must be a number of days above 0"),
        ("horizon_days", "a week", "horizon_days: 'a week' must be a number of days"),
        ("excluded_attributes", ["color"], "must be a list of any of age, gender, marital"),
        ("excluded_attributes", [["age"]], "must be a list of any of age, gender, marital"),
        ("max_categories", -1, "must be a whole number of at least 0"),
        ("most_training_rows", 10, "must be a whole number of at least 1,000"),
        ("random_seed", -1, "must be a whole number from 0 to 4,294,967,295"),
        ("random_seed", "42", "must be a whole number from 0"),
        ("max_segment_attributes", 6, "must be a whole number from 1 to 5"),
        ("min_segment_users", 0, "must be a whole number of at least 1"),
        ("false_discovery_rate", 1, "must be a number above 0 and below 1"),
        ("false_discovery_rate", "5%", "must be a number above 0 and below 1"),
        ("assignments_path", False, "must be null or a file, a glob, or a list of them"),
        ("max_pushes", 2, "max_pushes: 2 must be {count: ..., days: ...}"),
        ("max_pushes", {"count": 2}, "must be {count: ..., days: ...}"),
        ("max_pushes", {"count": 0, "days": 7}, "with a whole number of at least 1"),
        ("max_pushes", {"count": 2, "days": -7}, "and a number of days above 0"),
        ("max_pushes", {"count": 2, "days": 7, "weeks": 1}, "must be {count: ..., days: ...}"),
        ("serving_target", None, "serving_target: null must be text"),
        ("replace_days", "no", "replace_days: 'no' must be true or false"),
    ],
)
def test_a_value_that_is_not_allowed_is_rejected(name, value, message):
    """A slip in a variable would pass, and every figure be about something else."""
    [found] = faults(**{name: value})
    assert message in found


def test_all_faults_are_named_at_once():
    """Somebody with three slips would start three builds to learn of them."""
    found = faults(horizon_days=0, unknown_gender="X", push_sent_event="View Project")
    assert [message.split(":")[0] for message in found] == [
        "unknown_gender", "horizon_days", "push_sent_event",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("horizn_days", "horizon_days"),
        ("max_push", "max_pushes"),
        ("event_path", "events_path"),
        ("start_date", None),
        ("csv", None),
        ("5", None),
    ],
)
def test_a_misspelled_variable_is_told_from_one_of_somebody_else(name, meant):
    """A slip in a name would build with the default, and a model's own variable stop the build."""
    assert unknown_variables(["as_of", name]) == {name: meant}
    found = check_variables(defaults(), given=["as_of", name])
    assert found == ([f"{name}: there is no such variable. Did you mean {meant}?"] if meant else [])


def test_a_message_hides_nothing_and_stays_short():
    """A value could turn the text of a message around, or fill the screen."""
    [turned] = faults(unknown_gender="\u202eM\x1b[2J\n")
    assert "'\\u202eM\\x1b[2J\\n'" in turned
    [long] = faults(unknown_gender="M" * 10_000)
    assert len(long) < 200


moments = st.datetimes(datetime(1980, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@given(moments)
def test_a_moment_means_the_same_however_it_is_written(moment):
    """A build would begin or end hours away from what somebody wrote."""
    second = moment.timestamp()
    as_utc = moment.replace(tzinfo=None)
    spellings = [moment, as_utc, moment.isoformat(), as_utc.isoformat(" "), second]
    assert [second_of(spelling) for spelling in spellings] == [second] * 5
    assert second_of(moment.date()) == second_of(moment.date().isoformat())


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
    | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(st.sampled_from(NAMES), values)
def test_no_value_breaks_the_check(name, value):
    """A stack trace would stand where a message belongs."""
    assert all(re.match(r"\w+: .+\.$", message) for message in faults(**{name: value}))


def test_the_page_shows_the_table():
    """Somebody would set what the docs say, and be told that it is not allowed."""
    page = PAGE.read_text()
    assert page == page_with_table(page), "write it with: python -m bootloader.variables"
    assert all(f"| `{name}` |" in page for name in NAMES)


def test_no_value_reaches_sql_unquoted():
    """Text in a variable could be run as SQL, or a date be taken for a difference of numbers."""
    moments = {"as_of", "earliest_client_time", "latest_client_time"}
    # They decide what is rendered, or which files are read.
    elsewhere = {
        "events_path", "event_fields", "excluded_attributes", "assignments_path", "serving_target",
        "replace_days", "decimal_mark",
        # Names of SQL, which are checked to be no more than that.
        "events_relation", "user_aliases",
    }  # fmt: skip
    asked = set()
    for file in (file for folder in ("models", "macros", "tests") for file in
                 (PROJECT / folder).glob("**/*.sql")):  # fmt: skip
        text = re.sub(r"(?s)\{#.*?#\}", "", file.read_text())
        for before, name in re.findall(r"([\w']*[(:]?) ?\bvar\(['\"](\w+)", text):
            asked.add(name)
            # Python is asked in JSON; the names of push events are listed before they are quoted.
            if name in elsewhere or before == f"'{name}':" or file.stem == "pushes":
                continue
            if name in moments:
                assert before == "as_second(", (file.name, name)
            elif isinstance(defaults()[name], str):
                assert before == "sql_text(", (file.name, name)
            else:
                # A seed is also hashed as text.
                assert before in ("sql_number(", "sql_text("), (file.name, name)
    assert asked == set(NAMES)
