"""A whole build: what it leaves behind, when it goes well and when it does not."""

import gzip
import json
import shutil

import duckdb
import pytest
from conftest import PROJECT, Build

SAMPLE = PROJECT / "data" / "sample_events.json.gz"

# The facts of the run itself; everything else is the same in every build of the same events.
OF_THE_RUN = {
    "training_runs": ["seconds"],
    "attribute_network": ["epochs"],
    "fund_network": ["epochs"],
    "built_tables": ["fingerprint"],
}


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    names = connection.execute("select table_name from duckdb_tables() order by all").fetchall()
    return [name for (name,) in names]


def serving_copy(build) -> tuple[list[str], str]:
    with duckdb.connect(build.serving_copy, read_only=True) as copy:
        return tables(copy), copy.execute("select build_id from build").fetchone()[0]


def test_a_build_ends_with_a_table_of_what_it_built_and_where_to_look(sample_build):
    """Somebody who runs the first command would not know what happened or what comes next."""
    users = sample_build.value("select count(*) from users")
    assert f"{'users':<24} {users:>12,}" in sample_build.output
    assert "make app" in sample_build.output
    assert "epoch 10 of 10" in sample_build.output
    assert "device c" in sample_build.output
    assert "leaked" not in sample_build.output


def test_every_rule_passes_its_unit_tests(sample_build, tmp_path):
    """A rule would have changed its meaning; a plain build leaves these tests out, to be quick."""
    shutil.copy(sample_build.warehouse, tmp_path)
    build = type(sample_build)(tmp_path).dbt("test", "--select", "test_type:unit").succeeds()
    assert "PASS=0" not in build.output


def different_tables(one: Build, two: Build, *, leave_out: tuple[str, ...] = ()) -> list[str]:
    """Compare all tables of two warehouses, row for row and bit for bit."""
    different = []
    with duckdb.connect() as connection:
        connection.execute(f"attach '{one.warehouse}' as one (read_only)")
        connection.execute(f"attach '{two.warehouse}' as two (read_only)")
        columns = connection.execute(
            "select table_name, list(column_name) from duckdb_columns() "
            "where database_name = 'two' and not internal group by all"
        ).fetchall()
        assert len(columns) > 30
        for name, all_columns in columns:
            left_out = {*OF_THE_RUN.get(name, []), *leave_out} & set(all_columns)
            if left_out == set(all_columns):
                continue
            kept = f"* exclude ({', '.join(left_out)})" if left_out else "*"
            for these, those in (("one", "two"), ("two", "one")):
                rows = connection.execute(
                    f"select count(*) from (select {kept} from {these}.{name} "
                    f"except all select {kept} from {those}.{name})"
                ).fetchone()[0]
                if rows and name not in different:
                    different.append(name)
    return different


def test_two_builds_of_the_same_events_are_the_same(sample_build, tmp_path):
    """A user would be in today's audience and not in tomorrow's, with nothing new."""
    again = Build(tmp_path).dbt("build").succeeds()
    assert different_tables(again, sample_build) == []


def test_neither_order_nor_threads_nor_place_change_anything(sample_build, tmp_path):
    """Another export of the same events, or another machine, would give another audience."""
    events = json.loads(gzip.decompress(SAMPLE.read_bytes()))["data"]
    half = len(events) // 2
    (tmp_path / "a.json").write_text("\n".join(json.dumps(event) for event in events[:half:-1]))
    (tmp_path / "b.json").write_text(json.dumps(events[half::-1]))
    # With one core DuckDB has one thread; Nepal is at a quarter to six when London is at midnight.
    build = Build(
        tmp_path,
        command=("taskset", "--cpu-list", "0"),
        environment={"TZ": "Asia/Kathmandu", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    )
    build.dbt("build", events_path=str(tmp_path / "*.json")).succeeds()
    # What is about the files themselves.
    different = different_tables(build, sample_build, leave_out=("source_file", "raw_event"))
    assert sorted(different) == ["read_files", "source_file_audit"]


def test_what_is_unchanged_is_not_trained_again_unless_asked(published, sample_build):
    """The nightly build would take its longest step for nothing, or could never be made anew."""
    before = published.query("select network, fingerprint from fund_network order by network")
    networks = ("run", "--select", "attribute_network", "fund_network")
    kept = published.dbt(*networks).succeeds()
    assert kept.output.count("KEPT") == 2
    assert "epoch 1 of" not in kept.output
    after = published.query("select network, fingerprint from fund_network order by network")
    assert after.equals(before)
    anew = published.dbt(*networks, "--full-refresh").succeeds()
    assert "KEPT" not in anew.output
    assert anew.output.count("epoch 1 of") == 2 + len(before)
    free = "free_blocks / total_blocks from pragma_database_size()"
    assert published.value(f"select {free} where database_name = 'warehouse'") < 0.02
    assert published.query("from users").equals(sample_build.query("from users"))


def test_as_of_hides_everything_later(sample_build, tmp_path):
    """A measurement of the past would know the future."""
    moment = sample_build.value("select median(client_time)::bigint from events")
    build = type(sample_build)(tmp_path).dbt("run", "-s", "+users", as_of=moment).succeeds()
    assert build.value("select max(client_time) from events") < moment
    expected = sample_build.query("select event_id from events where client_time < $1", [moment])
    found = build.query("select event_id from events")
    assert set(found["event_id"]) == set(expected["event_id"])


def test_the_serving_copy_holds_what_the_app_reads(sample_build):
    """The app would fail on a table that a build did not copy."""
    names, _ = serving_copy(sample_build)
    manifest = json.loads((sample_build.folder / "target" / "manifest.json").read_text())
    exposure = manifest["exposures"]["exposure.bootloader.campaign_map"]
    expected = {unique_id.split(".")[-1] for unique_id in exposure["depends_on"]["nodes"]}
    # The function reads the tables of its own file, wherever the warehouse is.
    with duckdb.connect(sample_build.serving_copy, read_only=True) as copy:
        similar = copy.execute(
            "select count(*) from users_similar_to((select min(session_id) from users))"
        ).fetchone()[0]
    assert similar == sample_build.value("select count(*) - 1 from users")
    assert set(names) == expected - {"users_similar_to"} | {"build"}
    assert not list(sample_build.folder.glob("*.tmp*"))


def test_a_failed_build_leaves_the_last_good_copy(published, tmp_path):
    """Growth managers would lose their map because somebody made a mistake."""
    before = serving_copy(published)
    events = tmp_path / "broken.json"
    events.write_text('[{"session_id": "a"}, {"session_id": ]')
    failed = published.dbt("build", events_path=str(events))
    assert failed.returncode != 0
    assert str(events) in failed.output
    assert serving_copy(published) == before


def test_a_failed_test_leaves_the_last_good_copy(published):
    """A build whose own tests refute it would be shown to growth managers all the same."""
    before = serving_copy(published)
    with duckdb.connect(published.warehouse) as warehouse:
        warehouse.execute(
            "delete from users where session_id = (select min(session_id) from users)"
        )
    failed = published.dbt("build", "--select", "similar_users")
    assert failed.returncode != 0
    assert "assert_similar_users_rank_everybody" in failed.output
    assert serving_copy(published) == before


def test_the_app_may_be_open_while_a_build_publishes_and_leftovers_go(published):
    """An open map would stop the nightly build, or unfinished copies would fill the disk."""
    leftover = published.folder / "serving.duckdb.killed.tmp"
    leftover.write_text("half a copy")
    _, before = serving_copy(published)
    with duckdb.connect() as app:
        app.execute(f"attach '{published.serving_copy}' as serving (read_only)")
        published.dbt("run").succeeds()
        users = app.execute("select count(*) from serving.users").fetchone()[0]
    _, after = serving_copy(published)
    assert after != before
    assert users == published.value("select count(*) from users")
    assert not leftover.exists()


def test_a_build_of_some_tables_leaves_the_copy_of_the_last_whole_one(published):
    """The app would show users of one build in the audiences of another."""
    before = serving_copy(published)
    build = published.dbt("run", "--select", "+users", as_of="2014-03-05").succeeds()
    assert "this one left out" in build.output and "similar_users" in build.output
    assert serving_copy(published) == before


def test_a_value_that_the_last_good_build_did_not_have_is_new(published):
    """A new spelling of a state would spread through the audiences before anybody saw it."""
    with duckdb.connect(published.warehouse) as warehouse:
        warehouse.execute("delete from published_column_values where column_value = 'CA'")
    published.dbt("run", "--select", "column_values").succeeds()
    new = published.query("select column_name, column_value from column_values where is_new")
    assert new.values.tolist() == [["state", "CA"]]


def test_a_value_that_looks_like_a_missing_one_does_no_harm(new_build, tmp_path):
    """One odd city name would stop every build."""
    place = {"city": "#na#", "state": "NV"}
    events = [
        {"session_id": user, "category": "Games", "event_name": "Fund Project", "location": where}
        | {"client_time": 1393632004 + number}
        for number, (user, where) in enumerate([("a", place), ("b", {}), ("c", {"city": "Reno"})])
    ]
    path = tmp_path / "events.json"
    path.write_text(json.dumps(events))
    build = new_build.dbt("build", events_path=str(path)).succeeds()
    assert build.value("select count(*) from user_embeddings") == 3


def test_nothing_but_refused_records_is_no_good_build(new_build, tmp_path):
    """A file of something else would empty the map."""
    path = tmp_path / "log.json"
    path.write_text('{"level": "info"}\n{"level": "error"}\n')
    build = new_build.dbt("build", events_path=str(path))
    assert build.returncode != 0
    assert "assert_some_record_is_an_event" in build.output
    assert not build.serving_copy.exists()


@pytest.mark.parametrize("gender", ["x", "' || version() || '", None])
def test_an_impossible_gender_stops_the_build(new_build, gender):
    """A slip in a variable would end up in every table, or run as SQL."""
    build = new_build.dbt("run", "--select", "+user_histories", unknown_gender=gender)
    assert build.returncode != 0
    assert "is none of F, M and U" in build.output


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


def test_no_event_at_all_builds_empty_tables(new_build, tmp_path):
    """The first day of a new app would end in an error."""
    events = tmp_path / "none.json"
    events.write_text('{"data": []}')
    build = new_build.dbt("build", events_path=str(events)).succeeds()
    for name in ("events", "users", "user_category_actions", "similar_users", "training_runs"):
        assert build.value(f"select count(*) from {name}") == 0


def test_one_user_builds(new_build, tmp_path):
    """A pilot with a handful of users would end in an error."""
    events = tmp_path / "one.json"
    one = {"session_id": "a", "category": "Games", "event_name": "Fund Project"}
    events.write_text(json.dumps(one | {"client_time": 1393632004}))
    build = new_build.dbt("build", events_path=str(events)).succeeds()
    assert build.value("select count(*) from users") == 1
    assert build.value("select count(*) from similar_users") == 0


def test_the_docs_can_be_generated(published):
    """An analyst could not look up what a column means."""
    published.dbt("docs", "generate").succeeds()
    catalog = json.loads((published.folder / "target" / "catalog.json").read_text())
    assert not catalog["errors"]
    assert "model.bootloader.users" in catalog["nodes"]
