"""Variables in real dbt runs: a bad one stops the build before it starts, a good one is used."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import pytest
from bootloader.variables import NAMES, check_variables, defaults, second_of
from conftest import Build, sample_events, write_events

pytestmark = pytest.mark.build


def nothing_was_built(build: Build) -> bool:
    """Tell whether a warehouse has no table and no view."""
    return build.value("select count(*) from duckdb_tables()") == 0 == build.value(
        "select count(*) from duckdb_views() where not internal"
    )  # fmt: skip


@pytest.mark.parametrize("value", [None, -1, [[]], {"days": -7}], ids=repr)
def test_nothing_is_built_where_variables_are_wrong(new_build, value):
    """Tables would be gone or half new when somebody learns of a slip in a variable."""
    variables = dict.fromkeys(defaults(), value)
    expected = check_variables(variables)
    assert len(expected) > len(variables) / 2
    build = new_build.dbt("build", **variables | {"replace_days": False}, horizn_days=3)
    build.fails("Nothing was built.", "Did you mean horizon_days?")
    names = {message.split(":")[0] for message in expected} - {"replace_days"}
    assert all(f"- {name}: " in build.output for name in names)
    assert nothing_was_built(build)


def test_tests_and_compiling_reject_a_wrong_variable_too(new_build):
    """Somebody would look at SQL or a test's verdict that is about something else."""
    message = "earliest_client_time: '2014-02-30' must be an ISO date"
    new_build.dbt("test", earliest_client_time="2014-02-30").fails(message)
    # In this process, what dbt compiles at the same time would still use the connection.
    new_build.dbt_process("compile", earliest_client_time="2014-02-30").fails(message)


def test_a_command_without_hooks_puts_no_text_in_the_place_of_a_number(new_build):
    """Text in a variable would be run as SQL."""
    inline = "select {{ sql_number(var('horizon_days')) }}"
    new_build.dbt("compile", "--inline", inline, horizon_days="1; drop table users").fails(
        "'1; drop table users' must be a number"
    )
    assert "select 0.5" in new_build.dbt("compile", "--inline", inline, horizon_days=0.5).output


def test_sql_and_python_agree_about_moments(new_build):
    """A moment would pass the check as one, and count in the tables as another."""
    spellings = [
        "2014-03-22", "2014-03-22T10:00:00Z", "2014-03-22 10:00:00.25+02:00", "20140322T10",
        1395446400, "1395446400", 1395446400.5, "9999-12-30",
    ]  # fmt: skip
    asked = "{{ " + " ~ ' ' ~ ".join(f"as_second({json.dumps(text)})" for text in spellings) + " }}"
    said = new_build.dbt("compile", "--inline", asked).succeeds().output.split()
    assert [float(word) for word in said[-len(spellings) :]] == [*map(second_of, spellings)]


def test_a_date_that_yaml_reads_is_a_moment(sample_build, new_build):
    """A date without quotes would stop the build, or be another one."""
    first = date(2014, 3, 20)
    build = new_build.dbt(
        "run", "--select", "+rejected_events", "+events",
        "--vars", f"{{earliest_client_time: {first}, own_variable: 1}}",
    ).succeeds()  # fmt: skip
    later = f"from events where occurred_at >= '{first}'"
    assert build.value("select count(*) from events") == sample_build.value(
        f"select count(*) {later}"
    )
    assert "'own_variable' is not a variable" in build.output


@dataclass(frozen=True)
class Setting:
    """A value of a variable other than its default.

    Attributes:
        changes: what an event of the sample needs to be one with that value.
        added: events beside those of the sample.
        effect: what is true of the tables then, and not by default.
        says: what the build says.
    """

    value: object
    changes: Callable[[dict], dict] | None = None
    added: list[dict] = field(default_factory=list)
    effect: str | None = None
    says: str = ""


def renamed(key: str, **names: str) -> Callable[[dict], dict]:
    """Return what spells some values of a field otherwise."""
    return lambda event: event | {key: names.get(event[key].replace(" ", "_"), event[key])}


def moved(key: str, to: str) -> Callable[[dict], dict]:
    """Return what gives a field of an event another name."""
    return lambda event: {to if name == key else name: value for name, value in event.items()}


def push_event(name: str) -> list[dict]:
    return [sample_events()[0] | {"event_name": name, "push_id": "p"}]


def has_push_event(kind: str) -> str:
    return f"exists (from push_events where kind = '{kind}')"


SETTINGS = {
    "events_path": Setting(["data/sample_events.json.gz"]),
    "event_fields": Setting(
        {"session_id": "distinct_id"}, moved("session_id", "distinct_id"),
        effect="exists (from users)",
    ),
    "events_relation": Setting(
        "outside.actions",
        effect="exists (from source_file_audit where source_file like 'outside.actions/2014-03-%')",
    ),
    "user_aliases": Setting("outside.aliases", effect="exists (from user_aliases where is_merged)"),
    "max_aliases": Setting(5),
    "refund_event": Setting(
        "Paid back",
        added=[
            {**event, "event_name": "Paid back", "client_time": event["client_time"] + 1}
            for event in sample_events() if event["event_name"] == "Fund Project"
        ][:1],
        effect="exists (from refunds where has_funding)",
    ),
    "currency": Setting("EUR", effect="(select currency from build) = 'EUR'"),
    "decimal_mark": Setting(
        ",",
        lambda event: event | {"amount": str(event.get("amount") or "").replace(".", ",")},
        effect="(select max(amount) from events) between 10 and 1000000",
    ),
    "business_time_zone": Setting(
        "America/New_York", effect="(select business_time_zone from build) = 'America/New_York'"
    ),
    "view_event": Setting(
        "Seen", renamed("event_name", View_Project="Seen"),
        effect="(select sum(views) from user_category_actions) > 0",
    ),
    "fund_event": Setting(
        "It's \\funded", renamed("event_name", Fund_Project="It's \\funded"),
        effect="(select sum(funds) from user_category_actions) > 0",
    ),
    "as_of": Setting("2014-03-28", effect="(select max(occurred_at) from events) < '2014-03-28'"),
    "earliest_client_time": Setting(
        "2014-03-02", effect="(select min(occurred_at) from events) >= '2014-03-02'"
    ),
    "latest_client_time": Setting(
        1396137600, effect="(select max(client_time) from events) < 1396137600"
    ),
    "amount_limit": Setting(20, effect="(select max(amount) from events) < 20"),
    "max_record_bytes": Setting(
        2_000, added=[sample_events()[0] | {"note": "x" * 3_000}],
        effect="exists (from rejected_events where reason = 'record too long')",
    ),
    "unknown_gender": Setting("M", effect="not exists (from users where gender_cleaned = 'U')"),
    "horizon_days": Setting(
        5.5, effect="(select max(horizon_days) from strategy_evaluation) = 5.5"
    ),
    "excluded_attributes": Setting(
        ["gender", "state"],
        effect="exists (from strategy_evaluation where strategy = 'fund_network_nothing_excluded')",
    ),
    "max_categories": Setting(0),
    "most_training_rows": Setting(5_000),
    "random_seed": Setting(7),
    "max_segment_attributes": Setting(
        1, effect="not exists (from push_segments where age is not null and state is not null)"
    ),
    "min_segment_users": Setting(100, effect="(select min(users) from push_segments) >= 100"),
    "false_discovery_rate": Setting(0.2),
    "assignments_path": Setting(
        "assignments.parquet", effect="exists (from push_exposures where notified_share > 0)"
    ),
    "push_sent_event": Setting("sent", added=push_event("sent"), effect=has_push_event("sent")),
    "push_delivered_event": Setting(
        "arrived", added=push_event("arrived"), effect=has_push_event("delivered")
    ),
    "impression_event": Setting(
        "shown", added=push_event("shown"), effect=has_push_event("impression")
    ),
    "push_opened_event": Setting(
        "opened", added=push_event("opened"), effect=has_push_event("opened")
    ),
    "push_opt_out_event": Setting(
        "stop", added=push_event("stop"), effect=has_push_event("opted_out")
    ),
    "push_opt_in_event": Setting(
        "again", added=push_event("again"), effect=has_push_event("opted_in")
    ),
    "max_pushes": Setting({"count": 1, "days": 30.5}),
    "serving_target": Setting("prod", says="it shows builds of the target prod"),
}  # fmt: skip


def test_each_variable_is_tried():
    """A variable could break builds, and nobody would have tried it."""
    # That one is for Spark: see tests/spark.
    assert SETTINGS.keys() | {"replace_days"} == set(NAMES)
    assert all(SETTINGS[name].value != defaults()[name] for name in SETTINGS)


def test_unit_tests_pass_whatever_variables_are_set(published):
    """Whoever sets a variable would be told that the rules are broken."""
    everything = {name: setting.value for name, setting in SETTINGS.items()}
    published.dbt("test", "--select", "test_type:unit", **everything).succeeds()


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_a_plain_build_passes_with_each_variable_set(published, name):
    """A documented variable would stop plain `dbt build`, or change nothing."""
    setting, folder = SETTINGS[name], published.folder
    variables = {name: setting.value}
    if setting.changes or setting.added:
        events = [*map(setting.changes or dict, sample_events()), *setting.added]
        write_events(folder / "events.json", events)
        variables["events_path"] = str(folder / "events.json")
    if name == "events_relation":
        published.execute(
            "create schema outside; create table outside.actions as "
            "select * exclude (event_id, source_file) from main.events"
        )
    if name == "user_aliases":
        published.execute(
            "create schema outside; create table outside.aliases as "
            "select min(session_id) as session_id, max(session_id) as other_session_id from users"
        )
    if name == "assignments_path":
        variables[name] = str(folder / setting.value)
        published.execute(
            f"""
            copy (
                select
                    'p' as push_id, 'bicycle' as campaign, 'fund_network' as strategy, session_id,
                    if(row_number() over (order by session_id) % 3 = 0, 'control', 'notify') as arm,
                    1 / 3 as control_probability, 7.0 as window_days,
                    (select max(occurred_at) from events) - interval 10 day as starts_at
                from users
                limit 600
            ) to '{variables[name]}'
            """
        )
    if setting.effect and not setting.changes:
        assert not published.value(f"select {setting.effect}")
    build = published.dbt("build", **variables).succeeds()
    if setting.effect:
        assert build.value(f"select {setting.effect}")
    assert setting.says in build.output
