"""Read-only access to the serving copy, the file that a good build leaves for the app."""

import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb
import pandas as pd
import streamlit as st

from bootloader.attributes import USER_ATTRIBUTES
from bootloader.queries import query_text

# What the app calls a missing value of an attribute.
UNKNOWN = "Unknown"

# The prepared tables and macros are found first, then those of the serving copy.
_SEARCH_PATH = "set search_path = 'memory.main,serving.main'"


class NoServingCopyError(Exception):
    """No build has succeeded yet, so there is nothing to show."""


class BrokenServingCopyError(Exception):
    """The serving copy cannot be read; the message has its path and the reason."""


@dataclass(frozen=True)
class ServingCopy:
    """One build, opened. A newer build does not change it: a page that uses one never mixes two."""

    path: Path
    version: tuple[int, int, int]
    connection: duckdb.DuckDBPyConnection

    def query(self, name: str, **parameters: object) -> pd.DataFrame:
        """Run ``queries/<name>.sql`` with bound parameters and return its rows, which are kept."""
        return _cached_query(self.version, name, tuple(sorted(parameters.items())), self)

    def query_once(self, name: str, **parameters: object) -> pd.DataFrame:
        """Do as :meth:`query` does, and keep nothing: for rows too many to be kept."""
        cursor = self.connection.cursor()
        cursor.execute(_SEARCH_PATH)
        bound = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in parameters.items()
        }
        return cursor.execute(query_text(name), bound).df()


def serving_copy_path(folder: Path) -> Path:
    """Return ``BOOTLOADER_SERVING``, or ``serving.duckdb`` in a folder."""
    return Path(os.environ.get("BOOTLOADER_SERVING", folder / "serving.duckdb"))


def newest_version(path: Path) -> tuple[int, int, int]:
    """Return what tells one serving copy from the next one under the same path.

    Raises:
        NoServingCopyError: there is none.
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise NoServingCopyError(str(path)) from error
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def open_serving_copy(folder: Path) -> ServingCopy:
    """Open the newest serving copy: ``BOOTLOADER_SERVING`` or ``serving.duckdb`` in the folder.

    Raises:
        NoServingCopyError: there is none.
        BrokenServingCopyError: the file is not a database, or not one of this version.
    """
    path = serving_copy_path(folder)
    version = newest_version(path)
    try:
        return ServingCopy(path, version, _connect(version, str(path)))
    except duckdb.Error as error:
        raise BrokenServingCopyError(f"{path}: {error}") from error


@st.fragment(run_every="20s")
def announce_newer_build(copy: ServingCopy, folder: Path) -> None:
    """Say so when there is a newer build than the one that is shown, and offer to show it."""
    try:
        is_newer = newest_version(serving_copy_path(folder)) != copy.version
    except NoServingCopyError:
        return
    if is_newer:
        with st.container(horizontal=True, vertical_alignment="center", border=True, key="newer"):
            st.text("There is a new build. This page still shows the one before.")
            if st.button("Show the new build", type="primary"):
                st.rerun()


# Two are kept: the newest, and the one that a page may still be reading while it is replaced.
@st.cache_resource(max_entries=2, show_spinner=False)
def _connect(version: tuple[int, int, int], path: str) -> duckdb.DuckDBPyConnection:
    # DuckDB hands a process the file that it opened before under this name; attached to a
    # connection of its own, the new file is seen.
    connection = duckdb.connect(":memory:")
    connection.execute("attach ? as serving (read_only)", [path])
    connection.execute(_SEARCH_PATH)
    connection.execute(_user_value_macro())
    for name in ("projections", "user_places", "audience"):
        connection.execute(_prepared(name))
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _user_value_macro() -> str:
    """Return the macro that reads an attribute of a user by its name, made from their list."""
    cases = " ".join(
        f"when '{attribute}' then user_row.{attribute}"
        for attribute in (*USER_ATTRIBUTES, "city", "zip_code")
    )
    return (
        "create macro user_value(user_row, attribute) as "
        f"coalesce(case attribute {cases} end, '{UNKNOWN}')"
    )


@st.cache_data(max_entries=128, show_spinner=False)
def _cached_query(
    version: tuple[int, int, int],
    name: str,
    parameters: tuple[tuple[str, object], ...],
    _copy: ServingCopy,
) -> pd.DataFrame:
    return _copy.query_once(name, **dict(parameters))


def _prepared(name: str) -> str:
    return resources.files(__package__).joinpath("prepare", f"{name}.sql").read_text()
