"""Exports as companies have them: read right, or named by a warning that says what to do."""

import json
import re
from datetime import datetime, timedelta

import pytest
from compiled import Compiled
from conftest import sample_events

pytestmark = pytest.mark.build

LAST = ("input_findings", "push_consents", "category_actions", "rejected_events")
FUNDED = "Fund Project"


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Compiled:
    """The models with the variables as they are."""
    return Compiled(tmp_path_factory.mktemp("plain"), LAST)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory) -> Compiled:
    """The models for fields under several names, below text of JSON, and a decimal comma."""
    names = {
        "session_id": ["user_id", "anonymous_id", "distinct_id"],
        "event_name": ["event_name", "event"],
        "client_time": ["client_time", "timestamp"],
        "category": ["category", "properties.category"],
        "gender": ["gender", "properties.person.gender"],
        "amount": ["amount", "properties.amount"],
        "device": "propertis.device",
    }
    return Compiled(tmp_path_factory.mktemp("mapped"), LAST, event_fields=names, decimal_mark=",")


@pytest.fixture(scope="module")
def sample() -> list[dict]:
    """The shipped events of a quarter of the users."""
    return [event for event in sample_events() if event["session_id"] < "4"]


def events(tables: Compiled) -> dict[str, int]:
    """Return how many events there are of each name."""
    listed = tables.connection.execute("select event_name, count(*) from events group by all")
    return dict(listed.fetchall())


def rejected(tables: Compiled) -> dict[str, int]:
    """Return how many records are rejected for each reason."""
    listed = tables.connection.execute("select reason, count(*) from rejected_events group by all")
    return dict(listed.fetchall())


def findings(tables: Compiled) -> list[str]:
    """Return what may be wrong."""
    return tables.values("select message from input_findings order by message")


def with_commas(event: dict) -> dict:
    """Return the event with an amount as Europe writes it."""
    amount = event.get("amount")
    return event if amount is None else event | {"amount": f"{amount:.2f}".replace(".", ",")}


def test_the_sample_is_read_as_it_is_and_nothing_is_found(plain, sample):
    """Whoever tries the sample would be warned of nothing."""
    plain.read_events(sample)
    assert sum(events(plain).values()) == len(sample)
    assert findings(plain) == []


def test_fundings_that_are_all_rejected_are_named_with_value_and_remedy(plain, sample):
    """A European export would lose every funding, and the file still be called read."""
    plain.read_events(map(with_commas, sample))
    fundings = sum(event["event_name"] == FUNDED for event in sample)
    assert rejected(plain) == {"comma in amount": fundings}
    (finding,) = findings(plain)
    assert f"all {fundings:,} records with event_name {FUNDED} are rejected" in finding
    assert re.search(r"such as \d+,\d\d in \{", finding)
    assert "set decimal_mark to a comma" in finding


def test_a_day_that_is_rejected_and_a_new_reason_are_named(plain, sample):
    """A day of a broken gateway, or a device that sends no place, would go unnoticed."""

    def broken(event: dict) -> dict:
        is_broken = event["client_time"] // 86400 == 16_138
        return event | ({"category": None} if is_broken else {})

    plain.read_events(map(broken, sample))
    (finding,) = findings(plain)
    assert "records of 2014-03-09 are rejected, most as 'missing category'" in finding
    plain.read_events(
        event | ({"category": None} if number % 50 == 0 else {})
        for number, event in enumerate(sample)
    )
    (finding,) = findings(plain)
    assert f"{len(sample[::50]):,} of {len(sample):,} records are rejected" in finding
    assert "which is new" in finding


def test_words_and_codes_of_genders_are_known(plain, sample):
    """All users would be of unknown gender."""
    plain.read_events(sample)
    genders = "select list(n order by g) from (select gender g, count(*) n from events group by g)"
    (expected,) = plain.values(genders)
    for words in (
        {"F": "female", "M": "Male ", "U": "unknown"},
        {"F": 2, "M": 1, "U": 0},
        {"F": "w", "M": "m", "U": "u"},
    ):
        plain.read_events(event | {"gender": words[event["gender"]]} for event in sample)
        assert plain.values(genders) == [expected]
        assert findings(plain) == []
    plain.read_events(event | {"gender": "weiblich"} for event in sample)
    (finding,) = findings(plain)
    assert f"gender: of {len(sample):,} events, only 0 have a value that is known" in finding
    assert f"'weiblich' ({len(sample):,})" in finding


def test_columns_that_nobody_can_learn_from_are_named(plain, sample):
    """Birthdays as ages make every ranking worse, in silence."""
    number = {event["session_id"]: int(event["session_id"][:6], 16) for event in sample}
    day = datetime(1950, 1, 1)

    def birthday(event: dict) -> str:
        return f"{day + timedelta(days=number[event['session_id']] % 20_000):%Y-%m-%d}"

    plain.read_events(event | {"age": birthday(event)} for event in sample)
    (finding,) = findings(plain)
    assert finding.startswith("age: ")
    assert "different values for " in finding
    plain.read_events(
        event | {"device": f"SM-{number[event['session_id']] % 3000}"} for event in sample
    )
    (finding,) = findings(plain)
    assert finding.startswith("device: ")
    plain.read_events(event | {"age": 18 + number[event["session_id"]] % 50} for event in sample)
    (finding,) = findings(plain)
    assert "age: most values are years, such as 18." in finding


def test_an_event_that_is_delivered_again_counts_once(plain, sample):
    """One funding would count three times: again a second later, and with the city in capitals."""
    first = [event for event in sample if event["event_name"] == FUNDED][:100]
    first = [event | {"insert_id": f"id{number}"} for number, event in enumerate(first)]
    again = [event | {"client_time": event["client_time"] + 1} for event in first]
    richer = [
        event | {"location": event["location"] | {"city": event["location"]["city"].upper()}}
        for event in first
    ]
    plain.read_events([*again, *richer, *first])
    assert events(plain) == {FUNDED: 100}
    assert rejected(plain) == {"redelivered event": 200}
    kept = plain.values("select client_time from events order by client_time")
    assert kept == sorted(event["client_time"] for event in first)


def test_an_id_of_visits_is_no_id_of_events(plain, sample):
    """Most of what users do within a visit would be lost."""
    plain.read_events(
        event | {"insert_id": f"{event['session_id']} {event['client_time'] // 86400}"}
        for event in sample
    )
    assert sum(events(plain).values()) == len(sample)
    (finding,) = findings(plain)
    assert "values of event_id, such as " in finding
    assert "name different events of a user" in finding


@pytest.mark.parametrize("kind", ["negative", "event"])
def test_a_refund_cancels_its_funding_everywhere(plain, sample, kind):
    """A project would look funded, and its funders be paid attention, long after they left."""
    fundings = [event for event in sample if event["event_name"] == FUNDED]
    refunds = [
        event
        | {"client_time": event["client_time"] + 60}
        | ({"amount": -event["amount"]} if kind == "negative" else {"event_name": "refund project"})
        for event in fundings[::5]
    ]
    lone = {**refunds[0], "session_id": "nobody"}
    plain.read_events([*sample, *refunds, refunds[0], lone])
    assert events(plain)[FUNDED] == len(fundings) - len(refunds)
    assert rejected(plain) == {"refunded": len(refunds)}
    funds = "select cast(sum(funds) as integer) from category_actions where cutoff = 0"
    assert plain.values(funds) == [len(fundings) - len(refunds)]
    assert plain.values("select count(*) from refunds where not has_funding") == [1]
    (finding,) = findings(plain)
    assert "1 refunds cancel no funding, such as one of nobody" in finding
    read, accounted = plain.connection.execute(
        "select sum(records), sum(events + duplicate_events + refunded_events + rejected_records) "
        "from source_file_audit"
    ).fetchone()
    assert read - accounted == len(refunds) + 2


def test_amounts_a_thousand_times_too_small_are_named(plain, sample):
    """25.139 dollars that were 25,139 would be taken for small change."""
    plain.read_events(
        event | ({"amount": 20 + number % 1000 / 1000} if event["event_name"] == FUNDED else {})
        for number, event in enumerate(sample)
    )
    (finding,) = findings(plain)
    assert "nearly all amounts have three digits after the point" in finding


def test_an_amount_in_another_currency_is_not_taken_for_dollars(plain, sample):
    """A hundred yen would count as a hundred dollars."""
    plain.read_events(
        event | {"currency": "JPY" if number % 2 else "usd"} for number, event in enumerate(sample)
    )
    odd = sum(event["event_name"] == FUNDED for event in sample[1::2])
    assert rejected(plain) == {"other currency": odd}
    assert any("JPY in {" in finding for finding in findings(plain))


def test_an_opt_in_after_an_opt_out_counts(plain, sample):
    """Users who want pushes again would never get one."""
    users = sorted({event["session_id"] for event in sample})
    consents = [
        {"event_name": name, "session_id": user, "client_time": time}
        for name, some, time in (
            ("Push Opt-out", users[:400], 1_395_000_000),
            ("Push Opt-in", users[:200], 1_395_100_000),
        )
        for user in some
    ]
    plain.read_events([*sample, *consents])
    assert plain.values("select count(*) from push_consents where is_opted_out") == [200]
    assert rejected(plain) == {}


def test_categories_that_drift_are_named(plain, sample):
    """A campaign would lose the users of a category the day it is spelled another way."""
    spelled = {"Sports": "sports", "Environment": "Environment ", "Fashion": "Fashion & Style"}
    plain.read_events(
        event
        | (
            {"category": spelled.get(event["category"], event["category"])}
            if event["client_time"] > 1_395_000_000
            else {}
        )
        for event in sample
    )
    categories = plain.values("select distinct category from events order by category")
    assert "Environment " not in categories
    alike, renamed = sorted(findings(plain), key=lambda finding: "begins" in finding)
    assert "seeds/value_mappings.csv: category,sports,Sports" in alike
    assert "'Fashion', a category of a campaign, ends on 2014-03-16" in renamed


def test_a_value_that_takes_over_is_named(plain, sample):
    """A new name of a device would be a new kind of user to the networks."""
    plain.read_events(
        event | ({"device": "phone"} if event["client_time"] > 1_395_500_000 and number % 2 else {})
        for number, event in enumerate(sample)
    )
    (finding,) = findings(plain)
    assert finding.startswith("device: 'phone' begins on 2014-03-22 and is in 5")


def test_the_first_name_that_is_not_empty_is_the_user(mapped, sample):
    """Everybody who has not logged in yet would be lost."""

    def with_logins(event: dict) -> dict:
        is_anonymous = int(event["session_id"][:2], 16) % 10 < 4
        other = {key: value for key, value in event.items() if key != "session_id"}
        ids = {
            "anonymous_id": f"a-{event['session_id']}",
            "user_id": " " if is_anonymous else event["session_id"],
        }
        return with_commas(other) | ids

    mapped.read_events(map(with_logins, sample))
    assert sum(events(mapped).values()) == len(sample)
    users = {event["session_id"] for event in sample}
    assert mapped.values("select count(*) from users") == [len(users)]
    sums = mapped.values("select cast(sum(amount) as integer) from events")
    assert sums == [round(sum(event.get("amount") or 0 for event in sample))]
    (finding,) = findings(mapped)
    assert "device: no event has a value, although event_fields says where it is" in finding
    assert "propertis.device" in finding


def test_fields_are_found_below_text_of_json(mapped):
    """Tools that keep properties as text would have no category at all."""
    properties = {"category": "Games", "amount": "1.234,50 €", "person": {"gender": "female"}}
    event = {"event": FUNDED, "distinct_id": "d", "timestamp": "2014-03-01T00:00:04.123+00:00"}
    read = "select [category, gender, amount::varchar, client_time::varchar] from events"
    expected = [["Games", "F", "1234.5", "1393632004"]]
    # An object, its text, and with text of JSON in it.
    for below in (
        properties,
        json.dumps(properties),
        json.dumps(properties | {"person": json.dumps(properties["person"])}),
    ):
        mapped.read_events([event | {"properties": below}])
        assert mapped.values(read) == expected
    # What is no JSON is missing, and the record is still accounted for.
    mapped.read_events([event | {"properties": "{no JSON"}])
    assert rejected(mapped) == {"missing category": 1}


def test_a_build_that_lost_all_fundings_is_not_published(published):
    """The app would show audiences that nobody ever funded, because of a slip in a variable."""
    shown = published.serving_copy.read_bytes()
    output = published.dbt("run", "--select", "+build_losses", fund_event="Pledge").output
    assert "it lost all 7,942 events named Fund Project of the published one" in output
    assert "dbt run-operation publish shows it all the same" in output
    assert published.serving_copy.read_bytes() == shown
