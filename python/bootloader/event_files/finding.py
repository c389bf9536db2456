"""Finds the event files that the variable ``events_path`` names."""

import glob
import os
from dataclasses import dataclass
from functools import cache


class EventFileError(Exception):
    """An event file cannot be read; the message names the file and what to do about it."""


@dataclass(frozen=True)
class FoundFile:
    """A file, and a text that changes when the file does."""

    path: str
    state: str


def find_event_files(patterns: list[str]) -> list[FoundFile]:
    """Return the files that paths and globs stand for, sorted by path.

    Raises:
        EventFileError: a pattern matches nothing, or matches a folder or a name that is not text.
    """
    paths: set[str] = set()
    for pattern in patterns:
        # A file of that very name wins, so that brackets in names need no escaping.
        matches = [pattern] if os.path.exists(pattern) else glob.glob(pattern, recursive=True)
        if not matches:
            raise EventFileError(
                f"events_path: no file matches '{pattern}' (looked from {os.getcwd()}). "
                "Check the path, or leave events_path out to use the shipped sample."
            )
        paths.update(path for path in matches if path == pattern or not _is_bookkeeping(path))
    return [_look_at(path) for path in sorted(paths)]


def _is_bookkeeping(path: str) -> bool:
    """Tell what Spark, Dask and Hadoop leave among the files of a table."""
    return os.path.basename(path) in {"_metadata", "_common_metadata", "_SUCCESS"}


def _look_at(path: str) -> FoundFile:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise EventFileError(
            f"events_path: the name of {os.fsencode(path)!r} is not UTF-8 text. Rename the file."
        ) from None
    if os.path.isdir(path):
        raise EventFileError(
            f"events_path: '{path}' is a folder. Name its files, for example '{path}/*.json'."
        )
    if not os.path.isfile(path):
        raise EventFileError(
            f"events_path: '{path}' is not a file: it is a link to nothing, a pipe or a device. "
            "Remove it, or name the files to read."
        )
    if table := _table_around(os.path.dirname(path)):
        raise EventFileError(
            f"events_path: '{path}' belongs to a table of {table}, whose files also hold rows that "
            "are replaced or deleted. Export the table as Parquet, and name those files."
        )
    status = os.stat(path)
    return FoundFile(path, f"{status.st_size} {status.st_mtime_ns}")


@cache
def _table_around(folder: str) -> str | None:
    """Name the kind of table that a folder, or one around it, is the store of."""
    for mark, kind in {
        "_delta_log": "Delta Lake (_delta_log)",
        ".hoodie": "Hudi (.hoodie)",
    }.items():
        if os.path.isdir(os.path.join(folder, mark)) or os.path.basename(folder) == mark:
            return kind
    if glob.glob(os.path.join(glob.escape(os.path.dirname(folder)), "metadata", "*.metadata.json")):
        return "Iceberg (metadata)"
    parent = os.path.dirname(folder)
    return _table_around(parent) if parent != folder else None
