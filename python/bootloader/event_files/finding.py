"""Finds the event files that the variable ``events_path`` names."""

import glob
import os
from dataclasses import dataclass


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
        paths.update(matches)
    return [_look_at(path) for path in sorted(paths)]


def _look_at(path: str) -> FoundFile:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise EventFileError(
            f"events_path: the name of {os.fsencode(path)} is not UTF-8 text. Rename the file."
        ) from None
    if os.path.isdir(path):
        raise EventFileError(
            f"events_path: '{path}' is a folder. Name its files, for example '{path}/*.json'."
        )
    try:
        status = os.stat(path)
    except OSError as error:
        raise unreadable(path, error) from error
    return FoundFile(path, f"{status.st_size} {status.st_mtime_ns}")


def unreadable(path: str, error: OSError) -> EventFileError:
    """Say that a file cannot be opened."""
    return EventFileError(
        f"events_path: cannot read '{path}': {error.strerror or error}. "
        "Check that the file is there, whole and readable."
    )
