"""Read-only access to the serving copy, the file that a good build leaves for the app."""

import os
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb
import pandas as pd
import streamlit as st


class NoServingCopyError(Exception):
    """No build has succeeded yet, so there is nothing to show."""


@dataclass(frozen=True)
class ServingCopy:
    """One build, opened. A newer build does not change it: a page that uses one never mixes two."""

    version: tuple[int, int, int]
    connection: duckdb.DuckDBPyConnection

    def query(self, name: str, **parameters: object) -> pd.DataFrame:
        """Run ``queries/<name>.sql`` with bound parameters and return its rows, which are kept."""
        return _cached_query(self.version, name, tuple(sorted(parameters.items())), self.connection)

    def query_once(self, name: str, **parameters: object) -> pd.DataFrame:
        """Do as :meth:`query` does, and keep nothing: for rows too many to be kept."""
        cursor = self.connection.cursor()
        cursor.execute("use serving")
        bound = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in parameters.items()
        }
        return cursor.execute(_sql(name), bound).df()


def open_serving_copy(folder: Path) -> ServingCopy:
    """Open the newest serving copy: ``BOOTLOADER_SERVING`` or ``serving.duckdb`` in the folder.

    Raises:
        NoServingCopyError: there is none.
    """
    path = Path(os.environ.get("BOOTLOADER_SERVING", folder / "serving.duckdb"))
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise NoServingCopyError(str(path)) from error
    version = (status.st_ino, status.st_mtime_ns, status.st_size)
    return ServingCopy(version, _connect(version, str(path)))


# Two are kept: the newest, and the one that a page may still be reading while it is replaced.
@st.cache_resource(max_entries=2, show_spinner=False)
def _connect(version: tuple[int, int, int], path: str) -> duckdb.DuckDBPyConnection:
    # DuckDB hands a process the file that it opened before under this name; attached to a
    # connection of its own, the new file is seen.
    connection = duckdb.connect(":memory:")
    connection.execute("attach ? as serving (read_only)", [path])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


@st.cache_data(max_entries=64, show_spinner=False)
def _cached_query(
    version: tuple[int, int, int],
    name: str,
    parameters: tuple[tuple[str, object], ...],
    _connection: duckdb.DuckDBPyConnection,
) -> pd.DataFrame:
    return ServingCopy(version, _connection).query_once(name, **dict(parameters))


@cache
def _sql(name: str) -> str:
    return resources.files(__package__).joinpath("queries", f"{name}.sql").read_text()
