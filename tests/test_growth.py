"""A warehouse that grows file by file holds what one that read all files at once would hold."""

import gzip
import json
import os
import sys
from dataclasses import replace

import duckdb
import pytest
from conftest import PROJECT, Build
from faults import with_own_project

CHAIN = ("run", "--select", "+user_category_actions", "+users", "+rejected_events",
         "source_file_audit")  # fmt: skip
TABLES = ["events", "rejected_events", "users", "user_category_actions", "source_file_audit"]


def write(path, events) -> None:
    path.write_text("\n".join(json.dumps(event) for event in events))


@pytest.fixture(scope="module")
def quarters() -> list[list[dict]]:
    """The events of the shipped sample, in four parts."""
    events = json.loads(gzip.decompress((PROJECT / "data/sample_events.json.gz").read_bytes()))
    return [events["data"][start::4] for start in range(4)]


@pytest.fixture
def grown(tmp_path, quarters):
    """A warehouse of the first of four files, the folder of the files, and the other three."""
    files = tmp_path / "files"
    files.mkdir()
    write(files / "m.json", quarters[0])
    build = Build(tmp_path)
    build.dbt(*CHAIN, events_path=str(files / "*.json")).succeeds()
    return build, files, quarters[1:]


def grow(build: Build, files) -> dict[str, int]:
    """Build again, and return how many records were read by file."""
    before = build.value("select max(batch) from included_batches")
    build.dbt(*CHAIN, events_path=str(files / "*.json")).succeeds()
    added = build.query(
        "select source_file, count(*) as records from validated_records where batch > $1 group by all",
        [before],
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


@pytest.fixture
def regretted(tmp_path, quarters):
    """A warehouse of three files, and one of them: a day that its source sent with many faults."""
    first, second, third, _ = quarters
    files = tmp_path / "files"
    files.mkdir()
    # Three files tell some events: two are left where one of them changes.
    write(files / "m.json", [*first, *third[:10]])
    alone = {**second[0], "session_id": "nobody else"}
    elsewhere = [{**event, "category": "Nowhere else"} for event in second[:9]]
    write(files / "k.json", [alone, *elsewhere, *third[:500], *third[:20], {"session_id": None}])
    with (files / "k.json").open("a") as file:
        file.write("\n{ no JSON")
    # Events that the other file tells as well: the first of them all is the one that counts.
    write(files / "z.json", third[:50])
    build = Build(tmp_path)
    build.dbt(*CHAIN, events_path=str(files / "*.json")).succeeds()
    return build, files, files / "k.json"


def shorten(file) -> None:
    file.write_text(file.read_text()[:9_999])


def test_a_file_that_changed_is_read_again_and_no_other(regretted, tmp_path):
    """Events that no longer exist would stay, or a day sent again would cost all days' reading."""
    build, files, file = regretted
    content = file.read_text()
    for change, happens in {
        "longer": lambda: file.write_text(content + "\n" + content[:500]),
        "shorter": lambda: shorten(file),
        "renamed": lambda: file.rename(files / "a.json"),
        "gone": lambda: (files / "a.json").unlink(),
        "back": lambda: file.write_text(content),
    }.items():
        happens()
        expected = {"renamed": ["a.json"], "gone": []}.get(change, ["k.json"])
        assert list(grow(build, files)) == expected, change
        assert_equals_a_full_rebuild(build, files, tmp_path / change)
        # Who has a file deleted does not want its users' names to be kept elsewhere.
        assert build.value("select count(*) from withdrawn_records") == 0, change
    # Where most of the records would have to be replaced, making all of them anew is quicker.
    (files / "m.json").rename(files / "b.json")
    assert set(grow(build, files)) == {"b.json", "k.json", "z.json"}


def test_changes_that_no_later_step_has_seen_add_up(regretted, tmp_path):
    """A build of some steps only would leave users with events that are gone."""
    build, files, file = regretted
    steps = {
        ("run", "--select", "validated_records"): file.read_text()[:9_999],
        # Repeats of events that only one file told before.
        (*CHAIN, "--exclude", "duplicate_records"): (files / "m.json").read_text()[:9_999],
    }
    for only, content in steps.items():
        file.write_text(content)
        build.dbt(*only, events_path=str(files / "*.json")).succeeds()
    (files / "z.json").unlink()
    assert grow(build, files) == {}
    assert_equals_a_full_rebuild(build, files, tmp_path / "anew")


def test_a_build_that_fails_while_it_reads_withdraws_nothing(regretted):
    """The old events would be gone before the new ones are there, and never be looked for."""
    build, files, file = regretted
    before = build.query("select * from validated_records order by all")
    shorten(file)
    tiny = replace(build, environment={"BOOTLOADER_MEMORY_LIMIT": "20MB"})
    failed = tiny.dbt(*CHAIN, events_path=str(files / "*.json"))
    assert "Failure in model validated_records" in failed.output
    assert build.query("select * from validated_records order by all").equals(before)
    assert list(grow(build, files)) == ["k.json"]


def test_a_build_that_failed_half_way_is_made_up_for(grown, tmp_path):
    """The users of the file that was read by the failed build would be forgotten."""
    build, files, (second, third, _) = grown
    write(files / "z.json", second)
    # As if the build had been stopped after its first step.
    stopped = ("run", "--select", "validated_records")
    build.dbt(*stopped, events_path=str(files / "*.json")).succeeds()
    write(files / "y.json", third)
    assert grow(build, files) == {"y.json": len(third)}
    assert_equals_a_full_rebuild(build, files, tmp_path / "anew")


def test_a_rule_that_is_edited_while_a_build_runs_holds_from_the_next_one(grown):
    """The records would be validated by the old rule for ever, and count as validated by the new one."""
    build, files, _ = grown
    build = with_own_project(build)
    rule = build.project / "models/staging/validated_records.sql"
    with build.start(*CHAIN, "--full-refresh", events_path=str(files / "*.json")) as process:
        for line in process.stdout:
            if "Concurrency" in line:
                rule.write_text(rule.read_text().replace("dollars < 0", "dollars < 30"))
        assert process.wait() == 0
    refused = "select count(*) from rejected_events where reason = 'negative amount'"
    assert build.value(refused) == 0
    grow(build, files)
    assert build.value(refused) > 0


TWICE = """
import sys
from dbt.cli.main import dbtRunner
run = ["run", "--select", "validated_records", "--vars", f"events_path: '{sys.argv[1]}/*.json'"]
for more in ([], ["--full-refresh"], []):
    open(f"{sys.argv[1]}/{len(more)}.json", "a").write('{"session_id": "a new one"}\\n')
    print("succeeded:", dbtRunner().invoke([*run, *more]).success)
"""


def test_a_process_that_builds_twice_sees_new_files_and_loses_nothing(new_build, tmp_path):
    """An orchestrator would show yesterday's events, or write into a file that is gone."""
    with new_build.start_program(sys.executable, "-c", TWICE, tmp_path) as process:
        output = process.communicate()[0]
    succeeded = [line for line in output.splitlines() if line.startswith("succeeded: ")]
    assert succeeded == ["succeeded: True", "succeeded: True", "succeeded: False"], output
    assert "Start dbt in a new process" in output
    assert new_build.value("select count(*) from validated_records") == 2


def test_another_rule_or_a_full_refresh_reads_everything_anew(grown):
    """Half of the users would be validated by the old rule, half by the new one."""
    build, files, (second, *_) = grown
    write(files / "z.json", second)
    grow(build, files)
    rule = {"events_path": str(files / "*.json"), "unknown_gender": "M"}
    build.dbt(*CHAIN, **rule).succeeds()
    assert build.value("select count(*) from users where gender_cleaned = 'U'") == 0
    assert build.value("select count(distinct batch) from validated_records") == 1
    batch = build.value("select max(batch) from validated_records")
    build.dbt(*CHAIN, "--full-refresh", **rule).succeeds()
    assert build.value("select min(batch) from validated_records") == batch + 1
