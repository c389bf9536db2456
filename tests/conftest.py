"""Builds that the tests look at: real dbt, real DuckDB files, each in a folder of its own."""

import gc
import gzip
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import duckdb
import pandas as pd
import pytest
from bootloader.quiet_exit import keep_exit_quiet
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from filelock import FileLock

keep_exit_quiet()

PROJECT = Path(__file__).parents[1]
REAL_EVENTS = PROJECT.parent / "shared" / "data" / "bootloader_events.json"
NOTEBOOK_FIGURES = REAL_EVENTS.with_name("notebook_figures.json")


@dataclass(frozen=True)
class Build:
    """A folder with a warehouse and a serving copy, and what dbt said when it made them.

    Attributes:
        environment: settings beyond those that name the files of the folder.
        project: the project that is built.
        command: what dbt is started by, such as taskset; it then runs in a process of its own.
        on_event: called with each event of dbt in this process; what it raises is raised there.
        manifest: what dbt has read of the project, so that it need not read it again.
    """

    folder: Path
    returncode: int = 0
    output: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    project: Path = PROJECT
    command: tuple[str, ...] = ()
    on_event: Callable[[object], None] | None = None
    manifest: bytes | None = None

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def serving_copy(self) -> Path:
        return self.folder / "serving.duckdb"

    @property
    def target(self) -> Path:
        return self.folder / "target"

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables of a build in this folder."""
        return {
            "BOOTLOADER_WAREHOUSE": str(self.warehouse),
            "BOOTLOADER_SERVING": str(self.serving_copy),
            "DBT_TARGET_PATH": str(self.target),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_USE_COLORS": "false",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            **self.environment,
        }

    def dbt(self, *arguments: str, **variables: object) -> "Build":
        """Run dbt on this folder's warehouse and return the build with its output."""
        if self.command:
            return self.dbt_process(*arguments, **variables)
        said = []

        def listen(event) -> None:
            if event.info.level in ("info", "warn", "error"):
                said.append(event.info.msg)
            if self.on_event:
                self.on_event(event)

        # What is said comes to listen(); dbt itself need not write it down as well.
        quiet = {"DBT_LOG_LEVEL": "none", "DBT_LOG_LEVEL_FILE": "none"}
        with patch.dict(os.environ, self.settings | quiet), chdir(self.project):
            manifest = None
            if self.project == PROJECT and can_be_read_before(arguments, variables):
                manifest = self.manifest or read_project()
            runner = dbtRunner(manifest=manifest and unpickled(manifest), callbacks=[listen])
            is_good = runner.invoke(with_variables(arguments, variables)).success
        # dbt-duckdb keeps the file open for a next invocation, and the traces of errors hold it.
        DuckDBConnectionManager.close_all_connections()
        gc.collect()
        return replace(self, returncode=int(not is_good), output="\n".join(said))

    def dbt_process(self, *arguments: str, **variables: object) -> "Build":
        """Run dbt as dbt(), in a process of its own, where the process itself is the point."""
        with self.start(*arguments, **variables) as process:
            output, _ = process.communicate()
        return replace(self, returncode=process.returncode, output=output)

    def start(self, *arguments: str, **variables: object) -> subprocess.Popen:
        """Start dbt on this folder's warehouse, in a process of its own."""
        dbt = Path(sys.executable).with_name("dbt")
        return self.start_program(*self.command, dbt, *with_variables(arguments, variables))

    def start_program(self, *command: str | Path) -> subprocess.Popen:
        """Start what runs dbt on this folder's warehouse, such as make."""
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=os.environ | self.settings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def succeeds(self) -> "Build":
        """Fail the test with dbt's output unless the last command went well."""
        assert self.returncode == 0, self.output
        return self

    def fails(self, *messages: str) -> "Build":
        """Fail the test unless the last command failed and said all that."""
        assert self.returncode != 0, self.output
        for message in messages:
            assert message in self.output
        return self

    @contextmanager
    def connection(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the warehouse; tables of all schemas are found by their names."""
        with duckdb.connect(self.warehouse, read_only=read_only) as connection:
            schemas = connection.execute(
                "select string_agg(distinct schema_name, ',') from duckdb_tables()"
            ).fetchone()[0]
            if schemas:
                connection.execute(f"set search_path = '{schemas}'")
            yield connection

    def query(self, sql: str, parameters: list | None = None) -> pd.DataFrame:
        """Ask the warehouse."""
        with self.connection() as connection:
            return connection.execute(sql, parameters).df()

    def value(self, sql: str) -> object:
        """Ask the warehouse for one value."""
        with self.connection() as connection:
            return connection.execute(sql).fetchone()[0]

    def execute(self, sql: str) -> None:
        """Change the warehouse by hand."""
        with self.connection(read_only=False) as connection:
            connection.execute(sql)

    def with_own_project(self) -> "Build":
        """Return the build with a copy of the project in its folder, that may be changed."""
        copy = self.folder / "project"
        left_out = shutil.ignore_patterns(
            ".git", ".venv", ".*_cache", ".hypothesis", "target", "logs", "*.duckdb*", "__pycache__"
        )
        shutil.copytree(PROJECT, copy, ignore=left_out)
        return replace(self, project=copy)


# What decides how the project is read; all else dbt looks up when it builds.
READ_EARLY = {"excluded_attributes", "random_seed", "events_relation", "user_aliases"}


def can_be_read_before(arguments: tuple[str, ...], variables: dict[str, object]) -> bool:
    """Tell whether a command may use what dbt read of the project for another one."""
    return (
        arguments[0] in ("build", "compile", "run", "test")
        and not {"--target", "--state"} & set(arguments)
        and not READ_EARLY & set(variables)
    )


@cache
def read_project() -> bytes:
    """Let dbt read the project, which takes it longer than many a build."""
    with TemporaryDirectory() as folder:
        settings = Build(Path(folder)).settings | {"DBT_LOG_LEVEL": "none"}
        with patch.dict(os.environ, settings), chdir(PROJECT):
            return pickle.dumps(dbtRunner().invoke(["parse"]).result)


def unpickled(manifest: bytes) -> Manifest:
    """Return what dbt read of the project, for one command, which may change it."""
    read = pickle.loads(manifest)  # noqa: S301  (made by this process)
    # dbt forgets one field when it pickles, so those after it get each other's values. It makes
    # them again where they are missing.
    read.fixtures = {}
    for name in [name for name in vars(read) if name.endswith("_lookup")]:
        setattr(read, name, None)
    return read


def with_variables(arguments: tuple[str, ...], variables: dict[str, object]) -> list[str]:
    """Return the arguments of dbt with those that set its variables."""
    return [*arguments, *(["--vars", json.dumps(variables)] if variables else [])]


def sample_events() -> list[dict]:
    """Return the events of the shipped sample."""
    with gzip.open(PROJECT / "data" / "sample_events.json.gz") as file:
        return json.load(file)["data"]


def as_lines(events: list[dict], end: str = "\n") -> str:
    """Return one event per line."""
    return end.join(json.dumps(event) for event in events)


def write_events(path: Path, events: list[dict]) -> None:
    """Write one event per line."""
    path.write_text(as_lines(events))


# Those have tests of their own, and need no tables.
WITHOUT_UNIT_TESTS = ("build", "--exclude-resource-type", "unit_test")
# For builds up to the events.
READ = (*WITHOUT_UNIT_TESTS, "--select", "+events", "+rejected_events", "+source_file_audit")
# For builds whose rows are the point.
WITHOUT_TESTS = (*WITHOUT_UNIT_TESTS, "test")


@pytest.fixture
def new_build(tmp_path) -> Build:
    """A folder in which nothing was built yet."""
    return Build(tmp_path)


def build_once(name: str, tmp_path_factory, worker_id: str, **variables: object) -> Build:
    """Build in a folder that all test processes share, the first that comes for the others."""
    base = tmp_path_factory.getbasetemp()
    # Each process has a folder of its own in the one that they share.
    folder = (base if worker_id == "master" else base.parent) / name
    output = folder / "output.txt"
    with FileLock(f"{folder}.lock"):
        if not output.exists():
            folder.mkdir()
            output.write_text(
                Build(folder).dbt_process(*WITHOUT_UNIT_TESTS, **variables).succeeds().output
            )
    return Build(folder, output=output.read_text())


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory, worker_id) -> Build:
    """The shipped sample, built once for all tests that only look at it."""
    return build_once("sample", tmp_path_factory, worker_id)


@pytest.fixture
def published(sample_build, tmp_path) -> Build:
    """A folder of its own with the results of a good build."""
    for file in (sample_build.warehouse, sample_build.serving_copy):
        shutil.copy(file, tmp_path)
    return Build(tmp_path)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> dict:
    """What dbt knows of the project; nothing is built for it."""
    build = Build(tmp_path_factory.mktemp("parsed")).dbt("parse").succeeds()
    return json.loads((build.target / "manifest.json").read_text())


@pytest.fixture(scope="session")
def real_events() -> Path:
    """The challenge's 50,000 events; their licence is not stated, so the project has no copy."""
    if not REAL_EVENTS.exists():
        pytest.skip(f"the challenge's events are not at {REAL_EVENTS.relative_to(PROJECT.parent)}")
    return REAL_EVENTS


@pytest.fixture(scope="session")
def real_build(tmp_path_factory, worker_id, real_events) -> Build:
    """The challenge's events, built once."""
    return build_once("real", tmp_path_factory, worker_id, events_path=str(real_events))
