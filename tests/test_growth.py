"""A warehouse that grows file by file holds what a build from nothing would."""

import os
import re
import shutil
from dataclasses import replace

import pytest
from compare import contents
from conftest import Build, sample_events, write_events
from histories import (
    CHAIN,
    TABLES,
    AtFirstStatementOf,
    History,
    assert_equals_a_build_from_nothing,
    failing,
    files_read,
    kill,
    run_chain,
)

pytestmark = pytest.mark.build


@pytest.fixture(scope="module")
def quarters() -> list[list[dict]]:
    """The first events of the shipped sample, in four parts that tell of the same users."""
    return [sample_events()[start:4000:4] for start in range(4)]


@pytest.fixture(scope="module")
def built_once(tmp_path_factory, quarters):
    """A folder with three event files and a warehouse of them, and a copy of it.

    k.json is a day that its source sent with many errors: duplicates within the file, events of
    the two other files, rejected records. Some events are in all three files, so that two are left
    where one of them changes.
    """
    first, second, third, _ = quarters
    folder = tmp_path_factory.mktemp("growth") / "build"
    files = folder / "files"
    files.mkdir(parents=True)
    write_events(files / "m.json", [*first, *third[:10]])
    alone = {**second[0], "session_id": "nobody else"}
    elsewhere = [{**event, "category": "Nowhere else"} for event in second[:9]]
    write_events(
        files / "k.json", [alone, *elsewhere, *third[:500], *third[:20], {"session_id": None}]
    )
    with (files / "k.json").open("a") as file:
        file.write("\n{ no JSON")
    write_events(files / "z.json", third[:50])
    run_chain(Build(folder), files).succeeds()
    return folder, shutil.copytree(folder, folder.with_name("copy"))


@pytest.fixture
def grown(built_once):
    """A warehouse of three files, and their folder."""
    folder, copy = built_once
    # At the same place, so that dbt need not read the project again.
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    return Build(folder), folder / "files"


def grow(build: Build, files) -> list[str]:
    """Build again, and return the names of the files that were read."""
    return files_read(run_chain(build, files).succeeds())


def test_a_new_file_is_read_once_whenever_it_comes(grown, quarters):
    """Late files, or the same event sent again, would give other figures than a full rebuild."""
    build, files = grown
    third, fourth = quarters[2:]
    # Earlier by name, with duplicates of events of all other files, one twice, and bad records.
    wrong = [{**third[0], "client_time": "never"}, {**third[1], "session_id": None}]
    write_events(
        files / "a.json", [*third[490:], *fourth[:300], *third[:2], *third[490:500], *wrong]
    )
    with (files / "a.json").open("a") as file:
        file.write("\n{ no JSON")
    assert grow(build, files) == ["a.json"]
    write_events(files / "n.json", fourth)
    assert grow(build, files) == ["n.json"]
    assert grow(build, files) == []
    assert_equals_a_build_from_nothing(build, files)


@pytest.mark.slow
def test_a_file_that_changed_is_read_again_and_no_other(grown):
    """Events that no longer exist would stay, or a day sent again would cost all days' reading."""
    build, files = grown
    file, renamed = files / "k.json", files / "a.json"
    before = contents(build.warehouse, only=TABLES)
    content, modified_ns = file.read_text(), file.stat().st_mtime_ns
    file.write_text(content + "\n" + content[:500])
    assert grow(build, files) == ["k.json"]
    assert_equals_a_build_from_nothing(build, files)
    file.write_text(content[:9_999])
    assert grow(build, files) == ["k.json"]
    assert_equals_a_build_from_nothing(build, files)
    file.rename(renamed)
    assert grow(build, files) == ["a.json"]
    assert_equals_a_build_from_nothing(build, files)
    renamed.unlink()
    assert grow(build, files) == []
    assert_equals_a_build_from_nothing(build, files)
    file.write_text(content)
    os.utime(file, ns=(modified_ns, modified_ns))
    assert grow(build, files) == ["k.json"]
    assert contents(build.warehouse, only=TABLES) == before


@pytest.mark.slow
def test_changes_that_no_later_step_has_seen_add_up(grown):
    """A build of some steps only would leave users with events that are gone."""
    build, files = grown
    steps = {
        ("run", "--select", "validated_records"): files / "k.json",
        # Duplicates of events that only one file told before.
        (*CHAIN, "--exclude", "duplicate_records"): files / "m.json",
    }
    for arguments, file in steps.items():
        file.write_text(file.read_text()[:9_999])
        build.dbt(*arguments, events_path=str(files / "*.json")).succeeds()
    (files / "z.json").unlink()
    assert grow(build, files) == []
    assert_equals_a_build_from_nothing(build, files)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["duplicate_records", "users"])
def test_a_file_that_goes_back_to_what_it_was_takes_its_users_along(grown, model):
    """Users would keep events of a version that nobody has, because the build of it was killed."""
    build, files = grown
    before = contents(build.warehouse, only=TABLES)
    file = files / "k.json"
    content, modified_ns = file.read_text(), file.stat().st_mtime_ns
    file.write_text(content[:9_999])
    assert kill(build, AtFirstStatementOf(model), *CHAIN, events_path=str(files / "*.json")) == -9
    assert contents(build.warehouse, only=TABLES) != before
    file.write_text(content)
    os.utime(file, ns=(modified_ns, modified_ns))
    assert grow(build, files) == ["k.json"]
    assert contents(build.warehouse, only=TABLES) == before


def test_a_build_that_fails_while_it_reads_withdraws_nothing(grown):
    """The old events would be gone before the new ones are there, and never be looked for."""
    build, files = grown
    before = contents(build.warehouse, only=("validated_records",))
    file = files / "k.json"
    file.write_text(file.read_text()[:9_999])
    inserts = re.compile("insert into .*validated_records", re.S)
    failed = run_chain(failing(build, lambda query: inserts.search(query.sql)), files)
    failed.fails("Runtime Error in model validated_records", "no such luck")
    assert contents(build.warehouse, only=("validated_records",)) == before
    assert grow(build, files) == ["k.json"]


def test_a_rule_that_is_edited_while_a_build_runs_holds_from_the_next_one(grown):
    """Records would be validated by the old rule and count as validated by the new one."""
    build, files = grown
    build = build.with_own_project()
    rule = build.project / "models/ingest/validated_records.sql"

    def edit(event) -> None:
        if "Concurrency" in event.info.msg:
            rule.write_text(rule.read_text().replace("dollars < 0 and not", "dollars < 30 and not"))

    run_chain(replace(build, on_event=edit), files, "--full-refresh").succeeds()
    rejected = "select count(*) from rejected_events where reason = 'negative amount'"
    assert build.value(rejected) == 0
    assert len(grow(build, files)) == 3
    assert build.value(rejected) > 0


def test_only_what_decides_which_records_are_events_makes_files_be_read_again(grown):
    """Users would be made of records that an old rule let pass, or a seed would cost hours."""
    build, files = grown
    rule = {"unknown_gender": "M", "random_seed": 7}
    assert files_read(run_chain(build, files, **rule).succeeds()) == []
    assert build.value("select count(*) from users where gender_cleaned = 'U'") == 0
    users = build.value("select count(*) from users")
    rule |= {"earliest_client_time": 1393800000}
    assert len(files_read(run_chain(build, files, **rule).succeeds())) == 3
    assert build.value("select count(*) from users") < users


def test_a_value_that_is_mapped_anew_counts_in_all_files(grown):
    """Old events would keep the spelling that somebody has just mapped."""
    build, files = grown
    build.execute("insert into value_mappings values ('category', 'games', 'Play')")
    select = ("run", "--select", "+events")
    run = build.dbt(*select, events_path=str(files / "*.json")).succeeds()
    assert len(files_read(run)) == 3
    assert build.value("select count(*) from events where category = 'Games'") == 0
    assert build.value("select count(*) from events where category = 'Play'") > 0
    run = build.dbt(*select, events_path=str(files / "*.json")).succeeds()
    assert files_read(run) == []


def test_a_full_refresh_reads_everything_again(grown):
    """Nothing could be done about a warehouse that somebody no longer trusts."""
    build, files = grown
    before = contents(build.warehouse, only=TABLES)
    build.execute("update validated_records set amount = 1; update users set age = 'old'")
    assert len(files_read(run_chain(build, files, "--full-refresh").succeeds())) == 3
    assert contents(build.warehouse, only=TABLES) == before


@pytest.mark.slow
def test_a_full_refresh_that_a_project_forbids_counts_nothing_twice(grown):
    """Every event would be there twice for good, because --full-refresh was given once."""
    build, files = grown
    build = build.with_own_project()
    settings = build.project / "dbt_project.yml"
    mode = "{+materialized: incremental"
    assert settings.read_text().count(mode) == 1
    settings.write_text(settings.read_text().replace(mode, f"{mode}, +full_refresh: false"))
    run_chain(build, files).succeeds()
    before = contents(build.warehouse, only=TABLES)
    run_chain(build, files, "--full-refresh").succeeds()
    assert contents(build.warehouse, only=TABLES) == before


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
def test_whatever_happened_the_next_good_build_makes_up_for_it(tmp_path, seed):
    """Some order of late files, failures and partial builds would leave figures wrong for ever."""
    History(tmp_path, seed).go(steps=4)
