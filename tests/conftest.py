"""Builds that the tests look at: real dbt, real DuckDB files, each in a folder of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from bootloader.quiet_exit import keep_exit_quiet

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

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def serving_copy(self) -> Path:
        return self.folder / "serving.duckdb"

    def dbt(self, *arguments: str, **variables: object) -> "Build":
        """Run dbt on this folder's warehouse and return the build with its output."""
        environment = os.environ | {
            "BOOTLOADER_WAREHOUSE": str(self.warehouse),
            "BOOTLOADER_SERVING": str(self.serving_copy),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "DBT_USE_COLORS": "false",
        }
        result = subprocess.run(
            [
                Path(sys.executable).with_name("dbt"),
                *arguments,
                *(["--vars", json.dumps(variables)] if variables else []),
            ],
            cwd=PROJECT,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return Build(self.folder, result.returncode, result.stdout)

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


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory) -> Build:
    """The shipped sample, built once for all tests that only look at it."""
    return Build(tmp_path_factory.mktemp("sample")).dbt("build").succeeds()


@pytest.fixture(scope="session")
def real_events() -> Path:
    """The challenge's 50,000 events; their licence is not stated, so the project has no copy."""
    if not REAL_EVENTS.exists():
        pytest.skip(f"the challenge's events are not at {REAL_EVENTS.relative_to(PROJECT.parent)}")
    return REAL_EVENTS


@pytest.fixture(scope="session")
def real_build(tmp_path_factory, real_events) -> Build:
    """The challenge's events, built once."""
    build = Build(tmp_path_factory.mktemp("real"))
    return build.dbt("build", events_path=str(real_events)).succeeds()
