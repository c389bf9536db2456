"""A warehouse that grows file by file holds what one that read all files at once would hold."""

import gzip
import json
import os

import duckdb
import pytest
from conftest import PROJECT, Build

CHAIN = ("run", "--select", "+user_category_actions", "+users", "+rejected_events",
         "source_file_audit")  # fmt: skip
TABLES = ["events", "rejected_events", "users", "user_category_actions", "source_file_audit"]


def write(path, events) -> None:
    path.write_text("\n".join(json.dumps(event) for event in events))


@pytest.fixture
def grown(tmp_path):
    """A warehouse of the first of four files, the folder of the files, and the other three."""
    events = json.loads(gzip.decompress((PROJECT / "data/sample_events.json.gz").read_bytes()))
    parts = [events["data"][start::4] for start in range(4)]
    files = tmp_path / "files"
    files.mkdir()
    write(files / "m.json", parts[0])
    build = Build(tmp_path)
    build.dbt(*CHAIN, events_path=str(files / "*.json")).succeeds()
    return build, files, parts[1:]


def grow(build: Build, files) -> dict[str, int]:
    """Build again, and return how many records were read by file."""
    build.dbt(*CHAIN, events_path=str(files / "*.json")).succeeds()
    added = build.query(
        "select source_file, count(*) as records from judged_records "
        "where batch = (select max(batch) from judged_records) group by all"
    )
    return {os.path.basename(row.source_file): row.records for row in added.itertuples()}


def assert_equals_a_full_rebuild(build: Build, files, folder) -> None:
    folder.mkdir()
    anew = Build(folder).dbt(*CHAIN, events_path=str(files / "*.json")).succeeds()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build.warehouse}' as grown (read_only)")
        connection.execute(f"attach '{anew.warehouse}' as anew (read_only)")
        for name in TABLES:
            for these, those in (("grown", "anew"), ("anew", "grown")):
                rows = connection.execute(
                    f"select count(*) from (from {these}.{name} except all from {those}.{name})"
                ).fetchone()
                assert rows == (0,), name


def test_new_files_are_read_once_whenever_they_come(grown, tmp_path):
    """Late files, or the same event sent again, would give other figures than a full rebuild."""
    build, files, (second, third, fourth) = grown
    write(files / "z.json", second)
    assert grow(build, files) == {"z.json": len(second)}
    # Earlier by name, with copies of events of both other files, one twice, and bad records.
    faulty = [{**third[0], "client_time": "never"}, {**third[1], "session_id": None}]
    write(files / "a.json", [*third, *second[:50], *third[:2], *faulty])
    with (files / "a.json").open("a") as file:
        file.write("\n{ no JSON")
    assert grow(build, files) == {"a.json": len(third) + 55}
    before = build.query("select model, batch from included_batches order by model")
    assert set(before["batch"]) == {3}
    write(files / "n.json", fourth)
    assert grow(build, files) == {"n.json": len(fourth)}
    assert_equals_a_full_rebuild(build, files, tmp_path / "anew")


@pytest.mark.parametrize("change", ["renamed", "rewritten", "removed"])
def test_what_becomes_of_a_file_that_was_read_is_noticed(grown, tmp_path, change):
    """Events that no longer exist would stay in the figures, or count twice."""
    build, files, (second, *_) = grown
    write(files / "z.json", second)
    grow(build, files)
    if change == "renamed":
        (files / "m.json").rename(files / "k.json")
    elif change == "rewritten":
        write(files / "z.json", second[:100])
    else:
        (files / "m.json").unlink()
    assert len(grow(build, files)) == (1 if change == "removed" else 2)
    assert_equals_a_full_rebuild(build, files, tmp_path / "anew")


def test_a_build_that_failed_half_way_is_made_up_for(grown, tmp_path):
    """The users of the file that was read by the failed build would be forgotten."""
    build, files, (second, third, _) = grown
    write(files / "z.json", second)
    # As if the build had been stopped after its first step.
    stopped = ("run", "--select", "judged_records")
    build.dbt(*stopped, events_path=str(files / "*.json")).succeeds()
    write(files / "y.json", third)
    assert grow(build, files) == {"y.json": len(third)}
    assert_equals_a_full_rebuild(build, files, tmp_path / "anew")


def test_another_rule_or_a_full_refresh_reads_everything_anew(grown):
    """Half of the users would be judged by the old rule, half by the new one."""
    build, files, (second, *_) = grown
    write(files / "z.json", second)
    grow(build, files)
    rule = {"events_path": str(files / "*.json"), "unknown_gender": "M"}
    build.dbt(*CHAIN, **rule).succeeds()
    assert build.value("select count(*) from users where gender_cleaned = 'U'") == 0
    assert build.value("select count(distinct batch) from judged_records") == 1
    batch = build.value("select max(batch) from judged_records")
    build.dbt(*CHAIN, "--full-refresh", **rule).succeeds()
    assert build.value("select min(batch) from judged_records") == batch + 1
