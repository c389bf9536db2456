"""dbt's commands, and models that somebody adds, do here what dbt documents.

All of it runs in a copy of the project that has only its first folders, so that each command
can be one without any selection.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from compare import Contents, contents
from conftest import Build, sample_events, write_events
from faults import served
from histories import AtFirstStatementOf, AtText, failing, kill

pytestmark = pytest.mark.build

FOLDERS = ("ingest", "profiles", "quality", "ledgers")
EXPOSURE = """
exposures:
  - name: campaign_map
    type: application
    owner: {name: BootLoader growth}
    depends_on: [ref('users'), ref('column_values')]
"""
DEV_TARGET = """
    dev:
      type: duckdb
      path: "{{ env_var('BOOTLOADER_WAREHOUSE') }}"
      schema: dev
      plugins: [{module: bootloader.dbt_plugin}]
"""
ADDED = {
    # As many rows as builds.
    "history.sql": "{{ config(materialized='incremental') }} select '{{ invocation_id }}' as build",
    "moments.sql": "select current_timestamp as moment",
    "of_sql.sql": "select * from read_csv('{{ var(\"csv\") }}')",
    "of_python.py": """
import pandas as pd

def model(dbt, session):
    return pd.read_csv(dbt.config.meta_get("csv"))
""",
    "models.yml": """
models:
  - name: of_python
    description: What a Python model read.
    config:
      meta: {csv: "{{ var('csv') }}"}
      # dbt-duckdb writes what a Python model returns through a connection of its own.
      pre_hook: {sql: insert into hook_calls values ('before Python'), transaction: false}
      post_hook: insert into hook_calls values ('after Python')
    columns: [{name: number, description: A number.}]
  - name: of_sql
    description: What an SQL model read.
    config:
      pre_hook: insert into hook_calls values ('before SQL')
      post_hook: insert into hook_calls values ('after SQL')
    columns: [{name: number, description: A number.}]
""",
}
HOOKS_OF_A_BUILD = {"before Python", "after Python", "before SQL", "after SQL", "end"}


def with_small_project(build: Build) -> Build:
    """Return the build with a copy of the first folders and some added models."""
    build = build.with_own_project()
    project = build.project
    for folder in project.glob("models/*/"):
        if folder.name not in FOLDERS:
            shutil.rmtree(folder)
    models = {path.stem for path in project.glob("models/*/*.sql")}
    for test in project.glob("tests/*.sql"):
        if not set(re.findall(r"ref\('(\w+)'\)", test.read_text())) <= models:
            test.unlink()
    (project / "models/exposures.yml").write_text(EXPOSURE)
    profiles = project / "profiles.yml"
    before, outputs, after = profiles.read_text().partition("  outputs:\n")
    profiles.write_text(f"{before}{outputs}{DEV_TARGET}{after}")
    # Packages that log builds do this: their hooks run after those of the project.
    settings = project / "dbt_project.yml"
    first_hook = "on-run-start:\n  - create table if not exists hook_calls (call varchar)\n"
    last_hook = "  - insert into hook_calls values ('end')\n"
    settings.write_text(settings.read_text().replace("on-run-start:\n", first_hook) + last_hook)
    (project / "models/added").mkdir()
    for name, text in ADDED.items():
        (project / "models/added" / name).write_text(text)
    return build


@dataclass
class Place:
    """A small project with event files, its build, and the file that the added models read."""

    build: Build
    files: Path
    csv: Path

    def variables(self, files: str = "*.json") -> dict[str, object]:
        return {"events_path": str(self.files / files), "csv": str(self.csv)}

    def dbt(self, *arguments: str, files: str = "*.json", build: Build | None = None) -> Build:
        return (build or self.build).dbt(*arguments, **self.variables(files))

    def value(self, sql: str) -> object:
        return self.build.value(sql)

    def calls(self) -> list[str]:
        return self.build.query("from hook_calls")["call"].to_list()


@pytest.fixture(scope="module")
def built_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "build"
    (folder / "files").mkdir(parents=True)
    place = Place(with_small_project(Build(folder)), folder / "files", folder / "numbers.csv")
    events = sample_events()[:2000]
    write_events(place.files / "a.json", events[:1500])
    write_events(place.files / "b.json", events[1000:])
    place.csv.write_text("number\n1\n")
    place.dbt("seed").succeeds()
    place.build.execute("delete from hook_calls")
    place.dbt("run").succeeds()
    shutil.copytree(place.build.target, folder / "state")
    return place, shutil.copytree(folder, folder.with_name("copy"))


@pytest.fixture
def place(built_once) -> Place:
    """The small project, built."""
    place, copy = built_once
    # Where it was, so that dbt need not read the project again.
    shutil.rmtree(place.build.folder)
    shutil.copytree(copy, place.build.folder)
    return place


OURS = ("events", "rejected_events", "users", "user_category_actions", "validated_records",
        "duplicate_records", "source_file_audit", "column_audit")  # fmt: skip


def ours(build: Build, schema: str = "main") -> Contents:
    """Return the contents of this project's tables in one of its schemas."""
    found = contents(build.warehouse, only=OURS)
    return {
        name.rpartition(".")[2]: table
        for name, table in found.items()
        if re.match(rf"{schema}(_internal)?\.", name)
    }


@pytest.mark.slow
def test_a_build_with_nothing_new_builds_what_somebody_added(place):
    """Rows, hooks or descriptions of other people's models would be those of some earlier build."""
    before, inode = ours(place.build), place.build.warehouse.stat().st_ino
    place.build.execute("create schema package; create table package.log as select 1 as entry")
    moment = place.value("select moment from moments")
    place.csv.write_text("number\n2\n")
    place.dbt("run").succeeds()
    assert ours(place.build) == before
    assert place.value("select count(distinct build) from history") == 2
    assert place.value("select moment from moments") > moment
    numbers = "select of_sql.number + of_python.number from of_sql cross join of_python"
    assert place.value(numbers) == 4
    assert {call: place.calls().count(call) for call in HOOKS_OF_A_BUILD} == dict.fromkeys(
        HOOKS_OF_A_BUILD, 2
    )
    comments = place.build.query(
        """
        select comment from duckdb_tables() where table_name in ('of_sql', 'of_python')
        union all
        select comment from duckdb_columns() where table_name in ('of_sql', 'of_python')
        """
    )
    assert sorted(comments["comment"]) == [
        "A number.", "A number.", "What a Python model read.", "What an SQL model read.",
    ]  # fmt: skip

    place.csv.write_text("number\n3\n")
    place.dbt("run", "--select", "of_sql", "of_python", "moments").succeeds()
    assert place.value(numbers) == 6

    place.dbt("run", "--full-refresh").succeeds()
    assert ours(place.build) == before
    assert place.value("select count(distinct build) from history") == 1
    # What others wrote is still there: the file was not replaced.
    assert place.build.warehouse.stat().st_ino == inode
    assert place.value("select count(*) from package.log") == 1
    assert place.calls().count("end") == 4


def test_a_unit_test_that_somebody_adds_is_run(place):
    """A rule could be broken although its author has tested it."""
    added = place.build.project / "models/added"
    (added / "doubled.sql").write_text("select 2 * number as number from {{ ref('of_sql') }}")
    (added / "doubled.yml").write_text(
        """
unit_tests:
  - name: one_is_three
    model: doubled
    given: [{input: ref('of_sql'), rows: [{number: 1}]}]
    expect: {rows: [{number: 3}]}
"""
    )
    # Without the tests of what somebody else has made.
    others = ("--exclude", *[f"path:models/{folder}" for folder in FOLDERS])
    place.dbt("test", *others).fails("one_is_three")
    place.dbt("build", *others).fails("one_is_three")


@pytest.mark.slow
def test_retry_goes_on_where_a_build_failed(place):
    """Somebody would have to start a build of hours from its beginning."""
    before = ours(place.build)
    place.build.execute("delete from user_category_actions")
    place.dbt("run", build=failing(place.build, AtFirstStatementOf("users"))).fails("users")
    retried = place.build.dbt("retry").succeeds()
    assert "main.user_category_actions" in retried.output
    assert "validated_records" not in retried.output
    place.dbt("run").succeeds()
    assert ours(place.build) == before


@pytest.mark.slow
def test_a_build_that_is_killed_while_it_publishes_leaves_the_last_good_copy(place):
    """A power cut in the last second of a build would take the map away."""
    before = served(place.build)
    moment = AtText("select replace_file")
    assert kill(place.build, moment, "run", **place.variables()) == -9
    assert len(list(place.build.folder.glob("serving.duckdb.*.tmp"))) == 1
    assert served(place.build) == before
    place.dbt("run").succeeds()
    assert served(place.build)[0] != before[0]
    assert not list(place.build.folder.glob("*.tmp*"))


@pytest.mark.slow
def test_two_targets_in_one_warehouse_do_not_mix(place):
    """A developer's build would lose events of production's, or replace what the app shows."""
    before, shown = ours(place.build), served(place.build)
    place.dbt("run", files="a.json").succeeds()
    only_a, shown_of_a = ours(place.build), served(place.build)
    assert only_a != before and shown_of_a[1] != shown[1]
    place.dbt("seed", "--target", "dev").succeeds()
    place.dbt("run", "--target", "dev").succeeds()
    assert ours(place.build, "dev").keys() == before.keys()
    assert ours(place.build) == only_a and served(place.build) == shown_of_a
    place.dbt("run").succeeds()
    assert ours(place.build) == before
    assert served(place.build)[1] == shown[1]
    # The time of the last change is that of the files; only the profile's schema differs.
    assert ours(place.build, "dev") == before


def test_a_developer_builds_from_production_and_clones_it(place):
    """A developer would have to build everything to try one model."""
    before, state = ours(place.build), str(place.build.folder / "state")
    of_production = ("--target", "dev", "--state", state)
    place.dbt("run", *of_production, "--defer", "--select", "user_category_actions").succeeds()
    assert ours(place.build, "dev") == {"user_category_actions": before["user_category_actions"]}
    # dbt makes views of what it clones in DuckDB, and none of Python models.
    place.dbt("clone", *of_production, "--exclude", "of_python").succeeds()
    assert ours(place.build, "dev") == before
    assert ours(place.build) == before


def test_only_what_was_modified_and_what_follows_from_it_is_built(place):
    """A small change would cost a whole build."""
    model = place.build.project / "models/profiles/user_category_actions.sql"
    model.write_text(model.read_text().replace("actions.views,", "actions.views + 0 as views,"))
    state = str(place.build.folder / "state")
    built = place.dbt("run", "--select", "state:modified+", "--state", state).succeeds()
    models = set(re.findall(r"OK created .* model \w+\.(\w+)", built.output))
    assert models == {"user_category_actions"}


def test_an_empty_build_fills_nothing_and_the_next_one_everything(place):
    """Nobody could try in seconds whether all SQL is valid, or production would stay empty."""
    before, shown = ours(place.build), served(place.build)
    place.dbt("run", "--empty").succeeds()
    # The audit of columns has a row for each column.
    left = {name: rows for name, (rows, _) in ours(place.build).items() if rows}
    assert left.keys() == {"column_audit"}
    assert served(place.build) == shown
    place.dbt("run").succeeds()
    assert ours(place.build) == before


def test_the_docs_can_be_generated(place):
    """An analyst could not look up what a column means."""
    place.dbt("docs", "generate").succeeds()
    catalog = (place.build.target / "catalog.json").read_text()
    assert '"errors": null' in catalog
    assert "model.bootloader.users" in catalog
