"""Finds the event files that the variable ``events_path`` names."""

import glob
import os
from dataclasses import dataclass
from functools import cache

from bootloader.event_files.errors import EventFileError
from bootloader.event_files.storage import file_system, find_remote_files, is_remote


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
    found: dict[str, FoundFile] = {}
    for pattern in patterns:
        matches: dict[str, str] | list[str]
        if is_remote(pattern):
            matches = find_remote_files(pattern)
        elif os.path.exists(pattern):
            # A file of that very name wins, so that brackets in names need no escaping.
            matches = [pattern]
        else:
            matches = glob.glob(pattern, recursive=True)
        if not matches:
            raise EventFileError(
                f"events_path: no file matches '{pattern}' (looked from {os.getcwd()}). "
                "Check the path, or leave events_path out to use the shipped sample."
            )
        for path in matches:
            if path == pattern or not _is_bookkeeping(path):
                found[path] = (
                    FoundFile(path, matches[path]) if isinstance(matches, dict) else _look_at(path)
                )
                _refuse_tables(path)
    return [found[path] for path in sorted(found)]


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
    status = os.stat(path)
    return FoundFile(path, f"{status.st_size} {status.st_mtime_ns}")


def _refuse_tables(path: str) -> None:
    if table := _table_around(os.path.dirname(path)):
        raise EventFileError(
            f"events_path: '{path}' belongs to a table of {table}, whose files also hold rows that "
            "are replaced or deleted. Export the table as Parquet, and name those files."
        )


@cache
def _table_around(folder: str) -> str | None:
    """Name the kind of table that a folder, or one around it, is the store of."""
    # On the web there are only files.
    if folder.startswith(("http:", "https:")):
        return None
    is_folder = file_system(folder).isdir if is_remote(folder) else os.path.isdir
    for mark, kind in {
        "_delta_log": "Delta Lake (_delta_log)",
        ".hoodie": "Hudi (.hoodie)",
    }.items():
        if is_folder(os.path.join(folder, mark)) or os.path.basename(folder) == mark:
            return kind
    parent = os.path.dirname(folder)
    if parent == folder or is_remote(folder) > is_remote(parent):
        return None
    metadata = os.path.join(glob.escape(parent), "metadata", "*.metadata.json")
    if file_system(folder).glob(metadata) if is_remote(folder) else glob.glob(metadata):
        return "Iceberg (metadata)"
    return _table_around(parent)
