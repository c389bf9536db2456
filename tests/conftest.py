"""Builds that the tests look at: real dbt, real DuckDB files, each in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from bootloader.quiet_exit import keep_exit_quiet
from filelock import FileLock

keep_exit_quiet()

PROJECT = Path(__file__).parents[1]
REAL_EVENTS = PROJECT.parent / "shared" / "data" / "bootloader_events.json"
NOTEBOOK_FIGURES = REAL_EVENTS.with_name("notebook_figures.json")


@dataclass(frozen=True)
class Build:
    """A folder with a warehouse and a serving copy, and what dbt said when it made them."""

    folder: Path
    returncode: int = 0
    output: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    project: Path = PROJECT
    command: tuple[str, ...] = ()

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def serving_copy(self) -> Path:
        return self.folder / "serving.duckdb"

    def start(self, *arguments: str, **variables: object) -> subprocess.Popen:
        """Start dbt on this folder's warehouse."""
        return self.start_program(
            *self.command,
            Path(sys.executable).with_name("dbt"),
            *arguments,
            *(["--vars", json.dumps(variables)] if variables else []),
        )

    def start_program(self, *command: str | Path) -> subprocess.Popen:
        """Start what runs dbt on this folder's warehouse, such as make."""
        environment = os.environ | {
            "BOOTLOADER_WAREHOUSE": str(self.warehouse),
            "BOOTLOADER_SERVING": str(self.serving_copy),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_USE_COLORS": "false",
        }
        return subprocess.Popen(
            command,
            cwd=self.project,
            env=environment | self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def dbt(self, *arguments: str, **variables: object) -> "Build":
        """Run dbt on this folder's warehouse and return the build with its output."""
        with self.start(*arguments, **variables) as process:
            output, _ = process.communicate()
        return replace(self, returncode=process.returncode, output=output)

    def succeeds(self) -> "Build":
        """Fail the test with dbt's output unless the last command went well."""
        assert self.returncode == 0, self.output
        return self

    def query(self, sql: str, parameters: list | None = None) -> pd.DataFrame:
        """Ask the warehouse."""
        with duckdb.connect(self.warehouse, read_only=True) as connection:
            return connection.execute(sql, parameters).df()

    def value(self, sql: str) -> object:
        """Ask the warehouse for one value."""
        with duckdb.connect(self.warehouse, read_only=True) as connection:
            return connection.execute(sql).fetchone()[0]


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
            output.write_text(Build(folder).dbt("build", **variables).succeeds().output)
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
def real_events() -> Path:
    """The challenge's 50,000 events; their licence is not stated, so the project has no copy."""
    if not REAL_EVENTS.exists():
        pytest.skip(f"the challenge's events are not at {REAL_EVENTS.relative_to(PROJECT.parent)}")
    return REAL_EVENTS


@pytest.fixture(scope="session")
def real_build(tmp_path_factory, worker_id, real_events) -> Build:
    """The challenge's events, built once."""
    return build_once("real", tmp_path_factory, worker_id, events_path=str(real_events))
