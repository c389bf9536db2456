"""The models on a real cluster make the tables that they make on DuckDB.

Run by ``make test-spark``, and not by ``make test``: it needs Java and takes minutes.
"""

import gzip
import json
import logging
import math
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import bootloader.fetch_marts
import duckdb
import pytest
from bootloader.fetch_marts import FetchError, fetch_marts
from cluster import Cluster
from conftest import Build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from pyspark.sql import SparkSession
from test_bad_input import FILES, FILES_READ, GOOD, RECORDS_PER_FILE, lines

pytestmark = pytest.mark.spark

MARTS = ["events", "rejected_events", "users", "user_category_actions", "user_category_features",
         "cutoffs", "source_file_audit", "column_audit", "daily_events"]  # fmt: skip
# Without tests of data; the models read a seed.
BUILD = ("build", "--resource-type", "model", "--resource-type", "seed")
SQL_MODELS = ("--select", "path:models/ingest", "path:models/profiles", "path:models/quality",
              "user_category_features", "campaigns", "excluded_users",
              "rejection_reasons")  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    assert "BOOTLOADER_SPARK_HOME" in os.environ, "make test-spark installs Spark and names it"
    home = Path(os.environ["BOOTLOADER_SPARK_HOME"])
    with Cluster(home, tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def on_spark(cluster: Cluster, folder: Path, schema: str) -> Build:
    """A folder for dbt's own files, whose tables are on the cluster in a schema of their own."""
    folder.mkdir()
    return Build(
        folder,
        environment={
            "BOOTLOADER_SPARK_REMOTE": cluster.remote,
            "BOOTLOADER_THRIFT_PORT": str(cluster.thrift_port),
            "BOOTLOADER_SPARK_SCHEMA": schema,
        },
    )


def on_duckdb(folder: Path) -> Build:
    folder.mkdir()
    return Build(folder)


def marts_of(cluster: Cluster, schema: str) -> Path:
    return cluster.warehouse / f"{schema}.db"


@pytest.fixture(scope="module")
def published_events(real_events, tmp_path_factory) -> str:
    """The challenge's events as Spark reads them: one per line, in several files."""
    folder = tmp_path_factory.mktemp("published")
    events = json.loads(real_events.read_text())["data"]
    for number in range(4):
        lines = "\n".join(json.dumps(event) for event in events[number::4])
        (folder / f"{number}.json").write_text(lines)
    return str(folder / "*.json")


@pytest.fixture(scope="module")
def whole_build(published_events, tmp_path_factory) -> Build:
    """Everything, on DuckDB alone."""
    build = on_duckdb(tmp_path_factory.mktemp("whole") / "build")
    return build.dbt("build", events_path=published_events).succeeds()


def make_on_spark(build: Build, **variables: str) -> subprocess.Popen:
    """Start the command that makes marts on the cluster, takes them over and builds the rest."""
    return build.start_program(
        "make", "build-on-spark",
        # What the tests run in is there already, and must not be made anew under them.
        "--assume-old=.venv/installed", "--assume-old=.venv/installed-spark",
        *[f"{name}={value}" for name, value in variables.items()],
    )  # fmt: skip


@pytest.fixture(scope="module")
def marts(cluster, published_events, tmp_path_factory) -> Build:
    """The same events, with the marts and their tests on the cluster, by the one command."""
    build = on_spark(cluster, tmp_path_factory.mktemp("marts") / "build", "published")
    shared = marts_of(cluster, "published")
    with make_on_spark(build, EVENTS=published_events, MARTS=str(shared)) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    return build


def import_marts(build: Build, folder: Path, **variables: object) -> Build:
    arguments = ("--args", json.dumps({"folder": str(folder)}))
    return build.dbt("run-operation", "import_marts", *arguments, **variables)


def rows_that_differ(build: Build, folder: Path, table: str) -> list[tuple]:
    """Return rows that only one of the two engines has, in the types that DuckDB has them in."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{build.warehouse}' as warehouse (read_only)")
        connection.execute("set search_path = 'warehouse.main,warehouse.main_internal'")
        columns = connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = 'warehouse' and table_name = ? order by column_index",
            [table],
        ).fetchall()
        here = f"select {', '.join(name for name, _ in columns)} from {table}"
        there = (
            f"select {', '.join(f'cast({name} as {kind}) as {name}' for name, kind in columns)} "
            f"from read_parquet('{folder}/{table}/**/*.parquet')"
        )
        return connection.execute(
            f"(({here}) except all ({there})) union all (({there}) except all ({here}))"
        ).fetchall()


@pytest.mark.parametrize("table", MARTS)
def test_a_cluster_makes_the_tables_that_one_machine_makes(cluster, marts, whole_build, table):
    """Whoever outgrows one machine would be told other users, or other things about them."""
    assert rows_that_differ(whole_build, marts_of(cluster, "published"), table) == []


def test_a_thrift_server_makes_the_same_tables(cluster, published_events, whole_build, tmp_path):
    """Whose cluster has no Spark Connect would be told other users, or could not build at all."""
    build = on_spark(cluster, tmp_path / "build", "by_thrift")
    build.dbt(*BUILD, "--target", "spark_thrift", events_path=published_events).succeeds()
    folder = marts_of(cluster, "by_thrift")
    for table in MARTS:
        assert rows_that_differ(whole_build, folder, table) == [], table
    assert (folder / "marts_manifest").exists()


def test_every_table_is_made_by_all_executors(cluster, marts):
    """A table that one machine of the cluster makes alone is one that does not grow with it."""
    folder = marts_of(cluster, "published")
    made = {
        name
        for name in os.listdir(folder)
        if any(parquet.read_metadata(file).num_rows for file in (folder / name).rglob("*.parquet"))
    }
    executors = cluster.executors()
    assert {*MARTS, "validated_records"} - {"rejected_events"} <= made <= set(executors)
    assert {table for table in made if len(executors[table]) < cluster.workers} == set()


def test_the_unit_tests_hold_on_spark(marts, published_events):
    """A rule would say something else on a cluster, in a case that these events do not have."""
    tested = marts.dbt(
        "test", "--target", "spark", "--select", "test_type:unit", events_path=published_events
    ).succeeds()
    assert tested.output.count("PASS ") >= 20


@pytest.fixture(scope="module")
def dirty_events(tmp_path_factory) -> str:
    """Every odd record of the tests of bad input, in files that begin with a good one.

    A third of the files is gzipped.
    """
    contents = [content for content, _, _ in FILES_READ.values()]

    @settings(
        max_examples=FILES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        st.lists(lines, min_size=RECORDS_PER_FILE, max_size=RECORDS_PER_FILE),
        st.sampled_from([b"\n", b"\r\n"]),
    )
    def collect(odd, end):
        good = json.dumps(GOOD | {"session_id": f"good {len(contents)}"}).encode()
        contents.append(end.join([good, *odd]))

    collect()
    folder = tmp_path_factory.mktemp("dirty")
    for number, content in enumerate(contents):
        if number % 3:
            (folder / f"{number:04}.json").write_bytes(content)
        else:
            (folder / f"{number:04}.json.gz").write_bytes(gzip.compress(content))
    return str(folder / "*.json*")


def test_each_odd_record_is_read_the_same(cluster, dirty_events, tmp_path):
    """What one engine counts as an event the other would reject, or for another reason."""
    here = on_duckdb(tmp_path / "here").dbt(*BUILD, *SQL_MODELS, events_path=dirty_events)
    there = on_spark(cluster, tmp_path / "there", "dirty")
    there.dbt(*BUILD, "--target", "spark", *SQL_MODELS, events_path=dirty_events).succeeds()
    folder = marts_of(cluster, "dirty")
    for columns, table in [
        ("source_file, reason, raw_event", "rejected_events"),
        ("source_file, session_id, event_name, category, client_time, amount, latitude, longitude, "
         "age, gender, marital_status, device, city, state, zip_code", "events"),
    ]:  # fmt: skip
        if table == "rejected_events":
            # Bytes that are no text, and what follows them, are shown in two ways.
            columns = columns.replace(
                "raw_event",
                "case when contains(raw_event, '?') then '?' else raw_event end as raw_event",
            )
        expected = here.succeeds().query(f"select {columns} from {table}")
        found = duckdb.sql(f"select {columns} from read_parquet('{folder}/{table}/*.parquet')").df()
        assert len(expected) > 100
        assert as_said(found) == as_said(expected), table


def as_said(rows) -> Counter:
    """Count rows by what they say: a number or a list may be spelled in two ways as a text."""

    def meaning(value: object) -> str:
        if isinstance(value, dict):
            return repr({key: meaning(item) for key, item in value.items()})
        if not isinstance(value, str):
            is_missing = isinstance(value, float) and math.isnan(value)
            return repr(None if is_missing else value)
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value.strip()
        return meaning(value) if isinstance(value, dict) else repr(value)

    return Counter(tuple(map(meaning, row)) for row in rows.itertuples(index=False))


def assert_same_audience(build: Build, other: Build) -> None:
    for table in ["users", "fund_probabilities", "campaign_audience", "strategy_evaluation"]:
        columns = ", ".join(other.query(f"from {table} limit 0").columns)
        ordered = f"select {columns} from {table} order by all"
        assert build.query(ordered).equals(other.query(ordered)), table
    with duckdb.connect(build.serving_copy, read_only=True) as served:
        audience = served.execute("select count(*) from campaign_audience").fetchone()[0]
    assert audience == other.value("select count(*) from campaign_audience") > 0


def test_the_python_models_take_the_marts_over(cluster, marts, whole_build, published_events):
    """Who makes the marts on a cluster would be shown another audience than who does not."""
    assert_same_audience(marts, whole_build)
    # And back: what was imported is not mistaken for what was read.
    back = marts.dbt(*BUILD, *SQL_MODELS, events_path=published_events).succeeds()
    assert back.value("select count(distinct source_file) from validated_records") == 4
    assert back.query("from users order by all").equals(
        whole_build.query("from users order by all")
    )


def columns_and_rows(folder: Path, table: str) -> tuple[list, int]:
    """Return the names and types of a table as DuckDB takes them over, and how many rows it has."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        files = f"from read_parquet('{folder}/{table}/**/*.parquet')"
        columns = connection.execute(f"describe {files}").fetchall()
        return (
            # A moment with its time zone becomes the same moment in UTC, in macros/marts.sql.
            sorted((name, kind.removesuffix(" WITH TIME ZONE")) for name, kind, *_ in columns),
            connection.execute(f"select count(*) {files}").fetchone()[0],
        )


@pytest.fixture(scope="module")
def fetched(cluster, marts, tmp_path_factory) -> Path:
    """The marts, fetched in parts: a part is smaller here, so that these tables have several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootloader.fetch_marts, "BYTES_AT_ONCE", 1_000_000)
        return fetch_marts(cluster.remote, "published", tmp_path_factory.mktemp("fetched"))


def test_marts_are_fetched_where_storage_is_not_shared(cluster, fetched, whole_build):
    """Who cannot mount the cluster's storage would have other tables, or none."""
    shared = marts_of(cluster, "published")
    whole = parquet.read_table(shared / "marts_manifest").sort_by("mart")
    assert parquet.read_table(fetched / "marts_manifest").to_pylist() == whole.to_pylist()
    tables = whole["mart"].to_pylist()
    assert {path.name for path in fetched.iterdir()} == {*tables, "marts_manifest"}
    assert len(list((fetched / "events").iterdir())) > 1
    for table in MARTS:
        assert rows_that_differ(whole_build, fetched, table) == [], table
    for table in tables:
        assert columns_and_rows(fetched, table) == columns_and_rows(shared, table), table
    # A build may be reading them.
    written = {file: file.stat().st_mtime_ns for file in fetched.rglob("*.parquet")}
    assert fetch_marts(cluster.remote, "published", fetched.parent) == fetched
    assert {file: file.stat().st_mtime_ns for file in fetched.rglob("*.parquet")} == written


@pytest.mark.parametrize("fault", ["../users", "users`; drop table users", "no build"])
def test_names_from_the_cluster_are_no_paths(cluster, marts, tmp_path, fault):
    """Whoever may write one table on the cluster could write files anywhere on this machine."""
    mart, build = ("users", "..") if fault == "no build" else (fault, str(uuid4()))
    session = SparkSession.builder.remote(cluster.remote).create()
    session.sql("create schema if not exists strange")
    session.createDataFrame(
        [(mart, 1, "rules", build)], "mart string, row_count bigint, rules string, build_id string"
    ).write.mode("overwrite").saveAsTable("strange.marts_manifest")
    session.stop()
    into = tmp_path / "into"
    with pytest.raises(FetchError, match="not one that a build of this project wrote"):
        fetch_marts(cluster.remote, "strange", into)
    assert list(tmp_path.iterdir()) == []


def test_marts_of_earlier_builds_do_not_pile_up(tmp_path):
    """The disk would fill; and a build that still reads the last ones would fail without them."""
    names = [str(uuid4()) for _ in range(3)]
    for moment, name in enumerate(names):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (moment, moment))
    (tmp_path / "mine").mkdir()
    bootloader.fetch_marts._remove_old_marts(tmp_path)
    assert {folder.name for folder in tmp_path.iterdir()} == {names[-1], "mine"}


def test_a_cluster_that_does_not_answer_is_told_of_at_once(tmp_path):
    """The client tries for many minutes by itself, and nobody would know what for."""
    started = time.monotonic()
    with pytest.raises(FetchError, match="BOOTLOADER_SPARK_REMOTE"):
        fetch_marts("sc://127.0.0.1:1", "published", tmp_path)
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("fault", ["no marts", "half written", "a table less", "other rules"])
def test_marts_that_are_not_whole_are_rejected(cluster, marts, tmp_path, fault):
    """An audience would be chosen among half of the users, and nobody would see it."""
    folder = tmp_path / "marts"
    shutil.copytree(marts_of(cluster, "published"), folder)
    variables, message = {}, "no build has finished its marts"
    if fault == "no marts":
        shutil.rmtree(folder / "marts_manifest")
    elif fault == "half written":
        next(iter((folder / "users").glob("*.parquet"))).unlink()
        message = "users' has"
    elif fault == "a table less":
        shutil.rmtree(folder / "users")
        message = "'users' has 0 rows"
    else:
        variables, message = {"unknown_gender": "M"}, "other rules or variables"
    build = import_marts(on_duckdb(tmp_path / "build"), folder, **variables)
    assert build.returncode != 0
    assert message in build.output
    assert "dbt build --target spark" in build.output
    assert not build.warehouse.exists() or "users" not in set(build.query("show tables")["name"])


def test_marts_that_a_build_changes_are_neither_handed_over_nor_fetched(
    cluster, marts, fetched, published_events, tmp_path, caplog
):
    """Tables of two builds would be taken for those of one."""
    shared = marts_of(cluster, "published")
    assert (shared / "marts_manifest").exists()
    log = logging.getLogger("bootloader.fetch_marts")

    class Meanwhile(logging.Handler):
        def emit(self, _record) -> None:
            log.removeHandler(self)
            partial = marts.dbt(
                *BUILD, "--target", "spark", "--select", "daily_events",
                events_path=published_events,
            ).succeeds()  # fmt: skip
            assert "cannot be imported" in partial.output
            assert not (shared / "marts_manifest").exists()

    # The build runs when the first table has been fetched.
    caplog.set_level(logging.INFO, log.name)
    log.addHandler(Meanwhile())
    with pytest.raises(FetchError, match="holds no marts"):
        fetch_marts(cluster.remote, "published", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_day_is_added_or_made_again_without_touching_the_others(cluster, tmp_path):
    """A month would be read again each night, or a corrected day would count twice."""
    events = tmp_path / "events"

    def write(day: str, sessions: list[str]) -> None:
        (events / day).mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(GOOD | {"session_id": session}) for session in sessions]
        (events / day / "part.json").write_text("\n".join([*lines, "{ no JSON"]))

    def files_of(day: str) -> dict[Path, int]:
        folder = marts_of(cluster, "days") / "validated_records" / f"file_state={day}"
        return {file: file.stat().st_mtime_ns for file in folder.glob("*.parquet")}

    # What came on one day may have happened on another: a partition is what one day brought.
    write("2014-03-01", ["a", "b"])
    write("2014-03-02", ["b", "c"])
    build = on_spark(cluster, tmp_path / "build", "days")
    build.dbt(*BUILD, "--target", "spark", events_path=f"{events}/*/*.json").succeeds()
    untouched = files_of("2014-03-01")
    assert untouched and files_of("2014-03-02")
    write("2014-03-02", ["d"])
    write("2014-03-03", ["e", "a"])
    path = f"{events}/2014-03-0[23]/*.json"
    build.dbt(*BUILD, "--target", "spark", events_path=path, replace_days=True).succeeds()
    assert files_of("2014-03-01") == untouched
    whole = on_duckdb(tmp_path / "whole")
    whole.dbt(*BUILD, *SQL_MODELS, events_path=f"{events}/*/*.json").succeeds()
    for table in MARTS:
        assert rows_that_differ(whole, marts_of(cluster, "days"), table) == [], table

    taken = import_marts(on_duckdb(tmp_path / "taken"), marts_of(cluster, "days")).succeeds()
    assert taken.value("select count(*) from users") == 4

    other_rules = build.dbt(
        *BUILD, "--target", "spark",
        events_path=path, replace_days=True, unknown_gender="M",
    )  # fmt: skip
    assert "replace_days: " in other_rules.output
    assert (marts_of(cluster, "days") / "marts_manifest").exists()


def test_a_worker_that_dies_in_the_middle_costs_time_and_nothing_else(
    cluster, published_events, whole_build, tmp_path
):
    """A machine that fails at night would take the build down, or some of the users with it.

    All of it by the one command, without storage that both sides see.
    """
    folder = marts_of(cluster, "survived")
    build = on_spark(cluster, tmp_path / "build", "survived")
    process = make_on_spark(build, EVENTS=published_events, MARTS="")
    while not (folder / "events" / "_SUCCESS").exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    cluster.stop("worker-1", signal.SIGKILL)
    assert not (folder / "users").exists()
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert cluster.lost_executors() == 1
    (fetched,) = (build.folder / "marts").iterdir()
    for table in MARTS:
        assert rows_that_differ(whole_build, folder, table) == [], table
        assert rows_that_differ(whole_build, fetched, table) == [], table
    assert_same_audience(build, whole_build)
