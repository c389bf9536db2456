"""Finds the files that a variable such as ``events_path`` names."""

import glob
import os
from dataclasses import dataclass
from functools import cache

from bootloader.event_files.errors import EventFileError
from bootloader.event_files.storage import (
    find_remote_files,
    glob_remotely,
    is_remote,
    is_remote_folder,
    remote_state,
)

# What the variable events_path names by default.
_SAMPLE = os.path.join("data", "sample_events.json.gz")


@dataclass(frozen=True)
class FoundFile:
    """A file, a text that changes when the file does, and when it last did (UNIX seconds)."""

    path: str
    state: str
    modified_at: int | None


def find_event_files(patterns: list[str], variable: str = "events_path") -> list[FoundFile]:
    """Return the files that paths and globs stand for, sorted by path.

    Args:
        patterns: what the variable names.
        variable: its name, for messages.

    Raises:
        EventFileError: a pattern matches nothing, or matches a folder or a name that is not text.
    """
    found: dict[str, FoundFile] = {}
    for pattern in patterns:
        if is_remote(pattern):
            matches = find_remote_files(pattern)
        elif os.path.exists(pattern):
            # A file of that very name wins, so that brackets in names need no escaping.
            matches = [pattern]
        else:
            matches = glob.glob(pattern, recursive=True)
        if not matches:
            raise EventFileError(
                f"{variable}: no file matches '{pattern}'. Check the address and the network."
                if is_remote(pattern)
                else f"{variable}: no file matches '{pattern}' (looked from {os.getcwd()}). "
                "Check the path" + _other_remedy(variable)
            )
        for path in matches:
            if path == pattern or not _is_bookkeeping(path):
                found[path] = _look_at(path, variable)
                _reject_tables(path, variable)
    return [found[path] for path in sorted(found)]


def _other_remedy(variable: str) -> str:
    if variable != "events_path":
        return "."
    # dbt may run in the folder of another project, which has this one as a package.
    if os.path.exists(_SAMPLE):
        return ", or leave events_path out to use the shipped sample."
    return (
        ", or name your event files in dbt_project.yml: `vars: {bootloader: {events_path: ...}}`. "
        f"The sample is {_SAMPLE} in the folder of the package bootloader."
    )


def _is_bookkeeping(path: str) -> bool:
    """Tell what Spark, Dask and Hadoop leave among the files of a table."""
    return os.path.basename(path) in {"_metadata", "_common_metadata", "_SUCCESS"}


def _look_at(path: str, variable: str) -> FoundFile:
    if is_remote(path):
        return FoundFile(path, remote_state(path), None)
    try:
        path.encode()
    except UnicodeEncodeError:
        raise EventFileError(
            f"{variable}: the name of {os.fsencode(path)!r} is not UTF-8 text. Rename the file."
        ) from None
    if os.path.isdir(path):
        raise EventFileError(
            f"{variable}: '{path}' is a folder. Name its files, for example '{path}/*.json'."
        )
    if not os.path.isfile(path):
        raise EventFileError(
            f"{variable}: '{path}' is not a file: it is a link to nothing, a pipe or a device. "
            "Remove it, or name the files to read."
        )
    status = os.stat(path)
    # Rounded up: what the file says is not later.
    modified_at = -(-status.st_mtime_ns // 10**9)
    return FoundFile(path, f"{status.st_size} {status.st_mtime_ns}", modified_at)


def _reject_tables(path: str, variable: str) -> None:
    folder = os.path.dirname(path if is_remote(path) else os.path.abspath(path))
    # On the web there are only files.
    while folder and not folder.startswith(("http:", "https:")):
        if table := _table_in(folder):
            raise EventFileError(
                f"{variable}: '{path}' belongs to a table of {table}, whose files also hold rows "
                "that are replaced or deleted. Export the table as Parquet, and name those files."
            )
        parent = os.path.dirname(folder)
        if parent == folder or is_remote(folder) > is_remote(parent):
            return
        folder = parent


@cache
def _table_in(folder: str) -> str | None:
    """Name the kind of table that a folder is the store of."""
    is_folder = is_remote_folder if is_remote(folder) else os.path.isdir
    for mark, kind in {
        "_delta_log": "Delta Lake (_delta_log)",
        ".hoodie": "Hudi (.hoodie)",
    }.items():
        if is_folder(os.path.join(folder, mark)) or os.path.basename(folder) == mark:
            return kind
    metadata = os.path.join(glob.escape(folder), "metadata", "*.metadata.json")
    has_metadata = glob_remotely(metadata) if is_remote(folder) else glob.glob(metadata)
    return "Iceberg (metadata)" if has_metadata else None
