"""A whole build: what it leaves behind, when it goes well and when it does not."""

import ast
import json

import duckdb
import pandas as pd
import pytest
from compare import contents, differences
from conftest import WITHOUT_TESTS, WITHOUT_UNIT_TESTS, Build, sample_events
from faults import served
from named import PAGES, blocks

pytestmark = pytest.mark.build


def test_a_build_ends_with_a_table_of_what_it_built_and_where_to_look(sample_build):
    """Somebody who runs the first command would not know what happened or what comes next."""
    users = sample_build.value("select count(*) from users")
    assert f"{'users':<24} {users:>12,}" in sample_build.output
    assert "make app" in sample_build.output
    assert "epoch 10 of 10" in sample_build.output
    assert "device c" in sample_build.output
    assert "leaked" not in sample_build.output


def test_every_table_and_column_of_the_warehouse_is_described(sample_build, manifest):
    """An analyst would meet a column in any SQL client that nobody explains."""
    nodes = manifest["nodes"].values()
    meant = {
        (node["name"], column): described["description"]
        for node in nodes
        if node["resource_type"] in ("model", "seed")
        for column, described in {None: node, **node["columns"]}.items()
    }
    shown = sample_build.query(
        "select table_name, null as column_name, comment from duckdb_tables() "
        "union all select view_name, null, comment from duckdb_views() where not internal "
        "union all select table_name, column_name, comment from duckdb_columns() where not internal"
    ).replace({float("nan"): None})
    assert len(shown) > 500
    comments = {(row.table_name, row.column_name): row.comment for row in shown.itertuples()}
    assert sorted(key for key in comments if key not in meant) == []
    assert [key for key in comments if comments[key] != meant[key]] == []


def test_the_queries_of_the_docs_run(sample_build, monkeypatch):
    """Somebody who pastes a query from a page would get an error."""
    pages = {page.name: blocks(page.read_text()) for page in PAGES}
    pasted = [(page, text) for page in pages for kind, text in pages[page] if kind == "sql"]
    assert len(pasted) > 3
    # Pages name the files as somebody in their folder would.
    monkeypatch.chdir(sample_build.folder)
    for page, text in pasted:
        with sample_build.connection() as connection:
            for statement in duckdb.extract_statements(text):
                answer = connection.execute(statement)
            assert len(answer.fetchdf().columns) > 1, page


def test_every_rule_passes_its_unit_tests(published):
    """A rule would have changed its meaning; a plain build leaves these tests out, to be quick."""
    tested = published.dbt("test", "--select", "test_type:unit").succeeds()
    assert "PASS=0" not in tested.output


@pytest.mark.slow
def test_no_order_of_attributes_or_fields_carries_a_meaning(sample_build, new_build):
    """A city would become a zip code, and thousands of users get the reason of another factor."""
    build = new_build.with_own_project()

    def edit(path: str, old: str, new: str) -> None:
        text = (build.project / path).read_text()
        assert text.count(old) == 1, path
        (build.project / path).write_text(text.replace(old, new))

    attributes = "['age', 'gender_cleaned', 'marital_status', 'device', 'state']"
    backwards = str([*reversed(ast.literal_eval(attributes))])
    edit("macros/user_attributes.sql", attributes, backwards)
    edit("macros/event_fields.sql", "        'marital_status', 'device',\n",
         "        'marital_status', 'device', 'channel',\n")  # fmt: skip
    described = "      - {name: channel, data_type: string, description: New.}\n"
    age = "      - {name: age, "
    edit("models/ingest/events.yml", age, described + age)
    build = build.dbt(*WITHOUT_TESTS).succeeds()
    # The identity of an event is that of all fields. Attributes stand in another order where they
    # are words. The audit has a row for each field.
    left_out = ("channel", "event_id", "record_hash", "file_state", "fingerprint",
                "segment", "attributes")  # fmt: skip
    different = differences(sample_build.warehouse, build.warehouse, leave_out=left_out)
    assert different == ["main.column_audit"]


@pytest.mark.slow
def test_neither_order_nor_threads_nor_place_change_anything(sample_build, tmp_path):
    """Another export of the same events, or another machine, would give another audience."""
    events = sample_events()
    half = len(events) // 2
    (tmp_path / "a.json").write_text("\n".join(json.dumps(event) for event in events[:half:-1]))
    (tmp_path / "b.json").write_text(json.dumps(events[half::-1]))
    # With one core DuckDB has one thread; Nepal is at a quarter to six when London is at midnight.
    build = Build(
        tmp_path,
        command=("taskset", "--cpu-list", "0"),
        environment={"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    )
    build.dbt(*WITHOUT_TESTS, events_path=str(tmp_path / "*.json")).succeeds()
    # What is about the files themselves.
    of_files = ("source_file", "file_state", "raw_event")
    different = differences(build.warehouse, sample_build.warehouse, leave_out=of_files)
    assert different == ["main.source_file_audit"]


@pytest.mark.slow
def test_what_is_unchanged_is_not_trained_again_unless_asked(published):
    """The nightly build would take its longest step for nothing, or no network could be renewed."""
    learned = ("attribute_network", "fund_network")
    before = contents(published.warehouse, only=learned)
    kept = published.dbt("run", "--select", *learned).succeeds()
    assert "epoch 1 of" not in kept.output
    assert contents(published.warehouse, only=learned) == before
    again = published.dbt("run", "--select", *learned, "--full-refresh").succeeds()
    networks = published.value("select count(*) from attribute_network")
    networks += published.value("select count(*) from fund_network")
    assert again.output.count("epoch 1 of") == networks
    assert contents(published.warehouse, only=learned) == before


def test_as_of_hides_everything_later(sample_build, new_build):
    """A measurement of the past would know the future."""
    moment = sample_build.value("select median(client_time)::bigint from events")
    build = new_build.dbt("run", "-s", "+users", as_of=moment).succeeds()
    assert build.value("select max(client_time) from events") < moment
    expected = sample_build.query("select event_id from events where client_time < $1", [moment])
    found = build.query("select event_id from events")
    assert set(found["event_id"]) == set(expected["event_id"])


def test_the_serving_copy_holds_all_that_is_promised(sample_build, manifest):
    """Who asks the copy during a build would miss a table, or find one with other rows."""
    promised = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "seed" or node.get("access") == "public"
    }
    copied = contents(sample_build.serving_copy)
    built = contents(sample_build.warehouse)
    # What a function reads is copied for it, apart from the promised tables.
    assert set(copied) - {f"main.{name}" for name in promised} == {
        "main_internal.user_representations"
    }
    assert promised - {name.removeprefix("main.") for name in copied} == FUNCTIONS
    assert copied == {name: built[name] for name in copied}
    assert not list(sample_build.folder.glob("*.tmp*"))


FUNCTIONS = {"users_similar_to", "look_alikes_of"}


def test_a_plan_and_a_build_tell_the_same_build(published):
    """Nobody could say which build a push was planned from, or as of when its tables are."""
    build = published.query("from build").iloc[0]
    assert build["as_of"] == build["last_event_at"] + pd.Timedelta(seconds=1)
    assert build["last_event_at"] == published.value("select max(occurred_at) from events")
    with duckdb.connect(published.serving_copy, read_only=True) as copy:
        assert copy.execute("select build_id from build").fetchone() == (build["build_id"],)
    # A build of something else is not the one that made the other tables.
    published.dbt("run", "--select", "similar_users").succeeds()
    assert published.value("select build_id from build") == build["build_id"]
    published.dbt("run-operation", "publish").succeeds()
    assert served(published)[0] == build["build_id"]


def test_a_failed_build_leaves_the_last_good_copy(published, tmp_path):
    """Growth managers would lose their map because somebody made a mistake."""
    before = served(published)
    events = tmp_path / "broken.json"
    events.write_text('[{"session_id": "a"}, {"session_id": ]')
    published.dbt("build", events_path=str(events)).fails(str(events))
    assert served(published) == before


def test_a_failed_test_leaves_the_last_good_copy(published):
    """A build whose own tests refute it would be shown to growth managers all the same."""
    before = served(published)
    published.execute("delete from users where session_id = (select min(session_id) from users)")
    failed = published.dbt("build", "--select", "similar_users")
    failed.fails("assert_similar_users_rank_everybody")
    assert served(published) == before


@pytest.mark.slow
def test_the_app_may_be_open_while_a_build_publishes_and_leftovers_go(published):
    """An open map would stop the nightly build, or unfinished copies would fill the disk."""
    leftover = published.folder / "serving.duckdb.killed.tmp"
    leftover.write_text("half a copy")
    before, _ = served(published)
    published.execute("delete from similar_users; delete from users where session_id < '8'")
    with duckdb.connect() as app:
        app.execute(f"attach '{published.serving_copy}' as serving (read_only)")
        published.dbt("run").succeeds()
        users = app.execute("select count(*) from serving.users").fetchone()[0]
    after, tables = served(published)
    assert after != before
    # What somebody deleted is there again.
    assert users == published.value("select count(*) from users") == tables["main.users"][0]
    assert tables["main.similar_users"][0] > 0
    assert not leftover.exists()


def test_a_build_of_some_tables_leaves_the_copy_of_the_last_whole_one(published):
    """The app would show users of one build in the audiences of another."""
    before = served(published)
    build = published.dbt("run", "--select", "+users", as_of="2014-03-05").succeeds()
    assert "this one left out attribute_embeddings, " in build.output
    assert served(published) == before


def test_a_value_that_the_last_good_build_did_not_have_is_new(published):
    """A new spelling of a state would spread through the audiences before anybody saw it."""
    with duckdb.connect(published.serving_copy) as copy:
        copy.execute("delete from column_values where column_value = 'CA'")
    published.dbt("run", "--select", "column_values").succeeds()
    new = published.query("select column_name, column_value from column_values where is_new")
    assert new.values.tolist() == [["state", "CA"]]


FUNDING = {"category": "Games", "event_name": "Fund Project"}
FIRST_SECOND = 1393632004


@pytest.mark.parametrize(
    "events",
    [
        [],
        pytest.param(
            [FUNDING | {"session_id": "a", "client_time": FIRST_SECOND}], marks=pytest.mark.slow
        ),
        # Some tools write a value that is missing in this way.
        pytest.param(
            [
                FUNDING | {"session_id": user, "client_time": FIRST_SECOND, "location": location}
                for user, location in {
                    "a": {"city": "#na#", "state": "NV"},
                    "b": {},
                    "c": {"city": "Reno"},
                }.items()
            ],
            marks=pytest.mark.slow,
        ),
    ],
    ids=["no event", "one user", "a city that looks like a missing one"],
)
def test_a_handful_of_users_builds(new_build, tmp_path, events):
    """The first day of a new app, a pilot, or one odd city would end in an error."""
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"data": events}))
    build = new_build.dbt(*WITHOUT_UNIT_TESTS, events_path=str(path)).succeeds()
    for name in ("events", "users", "user_category_actions", "user_embeddings"):
        assert build.value(f"select count(*) from {name}") == len(events), name


def test_nothing_but_rejected_records_is_no_good_build(new_build, tmp_path):
    """A file of something else would empty the map."""
    path = tmp_path / "log.json"
    path.write_text('{"level": "info"}\n{"level": "error"}\n')
    build = new_build.dbt(*WITHOUT_UNIT_TESTS, events_path=str(path))
    build.fails("assert_some_record_is_an_event")
    assert not build.serving_copy.exists()


@pytest.mark.parametrize("gender", ["x", "' || version() || '", None])
def test_an_impossible_gender_stops_the_build(new_build, gender):
    """A slip in a variable would end up in every table, or run as SQL."""
    build = new_build.dbt("run", "--select", "+user_histories", unknown_gender=gender)
    build.fails("unknown_gender", gender or "null", "F, M")


def test_anybody_can_ask_for_the_users_similar_to_one(sample_build):
    """An analyst could not answer "who is like this user?" without Python."""
    expected = sample_build.query(
        "from similar_users where campaign = 'Games' and similarity_rank <= 20 "
        "order by similarity_rank"
    )
    reference = expected["reference_session_id"].iloc[0]
    found = sample_build.query(
        "from users_similar_to($1) where similarity_rank <= 20 order by similarity_rank",
        [reference],
    )
    assert found["session_id"].to_list() == expected["session_id"].to_list()
    assert sample_build.query("from users_similar_to('nobody')").empty


def test_the_docs_can_be_generated(published):
    """An analyst could not look up what a column means."""
    published.dbt("docs", "generate").succeeds()
    catalog = json.loads((published.target / "catalog.json").read_text())
    assert not catalog["errors"]
    assert "model.bootloader.users" in catalog["nodes"]
