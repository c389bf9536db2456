"""Read-only access to the serving copy, the file that a good build leaves for the app."""

import unicodedata
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb
import pandas as pd
import streamlit as st
from duckdb.sqltypes import VARCHAR

from bootloader.attributes import USER_ATTRIBUTES
from bootloader.files import serving_copy_path
from bootloader.queries import query_text

# What the app calls a missing value of an attribute.
UNKNOWN = "Unknown"

# The prepared tables and macros are found first, then those of the serving copy.
_SEARCH_PATH = "set search_path = 'memory.main,serving.main'"


# Values with characters that nobody sees, such as those that turn the direction of a text, are
# shown with escapes: a value could pose as another one, and a line separator breaks a chart.
_HIDDEN = {"Cc", "Cf", "Zl", "Zp"}
_SHOWN = ("users", "column_values", "daily_events", "push_segments")


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

    @property
    def money(self) -> str:
        """What amounts are in, as it stands before or after a number."""
        currency = str(self.query("build")["currency"].iloc[0])
        return {"USD": "US$", "EUR": "€", "GBP": "£"}.get(currency, currency)

    def query_once(self, name: str, **parameters: object) -> pd.DataFrame:
        """Do as :meth:`query` does, and keep nothing: for rows too many to be kept."""
        cursor = self.connection.cursor()
        cursor.execute(_SEARCH_PATH)
        bound = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in parameters.items()
        }
        return cursor.execute(query_text(name), bound).df()


def newest_version(path: Path) -> tuple[int, int, int]:
    """Return what tells one serving copy from the next one under the same path.

    Raises:
        NoServingCopyError: there is none.
        BrokenServingCopyError: it is not a file.
    """
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise NoServingCopyError(str(path)) from error
    # Opening a pipe would wait for ever.
    if not path.is_file():
        raise BrokenServingCopyError(f"{path} is a folder, a pipe or a device, not a file.")
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
    except (NoServingCopyError, BrokenServingCopyError):
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
    _show_what_is_hidden(connection)
    connection.execute(_user_value_macro())
    for name in ("projections", "user_places", "audience"):
        connection.execute(_prepared(name))
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def visible(text: str) -> str:
    """Return a text with an escape, such as ``\\u202e``, for each character that nobody sees."""
    return "".join(
        f"\\u{ord(character):04x}" if unicodedata.category(character) in _HIDDEN else character
        for character in text
    )


def _show_what_is_hidden(connection: duckdb.DuckDBPyConnection) -> None:
    """Put views before the tables whose values are shown, in the rare build that needs them."""
    hidden = "[" + "".join(f"\\p{{{name}}}" for name in sorted(_HIDDEN)) + "]"
    found = "from column_values where regexp_matches(column_value, ?) limit 1"
    if not connection.execute(found, [hidden]).fetchall():
        return
    connection.create_function("visible", visible, [VARCHAR], VARCHAR)
    for table in _SHOWN:
        columns = connection.execute(f"describe serving.main.{table}").fetchall()
        shown = ", ".join(
            f"visible({name}) as {name}"
            for name, type_, *_ in columns
            # The id is a key, and such ids are rejected when they are read.
            if type_ == "VARCHAR" and name != "session_id"
        )
        connection.execute(
            f"create view {table} as select * replace ({shown}) from serving.main.{table}"
        )


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
