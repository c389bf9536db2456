"""Answers the questions that macros ask about event files: JSON in, JSON out."""

import hashlib
import json
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import duckdb

from bootloader.event_files.finding import EventFileError, find_event_files
from bootloader.event_files.framing import EventFile, inspect_event_file

# What reads the files, as it was loaded: they may be edited while a build runs.
_CODE = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
_READER = f"{hashlib.sha256(_CODE).hexdigest()[:16]} {duckdb.__version__}"


@lru_cache(maxsize=1)
def list_event_files(question: str) -> str:
    """Say which files ``events_path`` names, once in a build.

    Args:
        question: the build's id and the variable (a string or a list of strings) as a JSON list.

    Returns:
        ``{"files": [{"path": ..., "state": ...}, ...]}``, where the state changes with the file and
        with the code that reads it; or ``{"problem": message}`` where there is no such file.
    """
    _, patterns = json.loads(question)
    wanted = [patterns] if isinstance(patterns, str) else patterns
    try:
        if not (
            wanted and isinstance(wanted, list) and all(p and isinstance(p, str) for p in wanted)
        ):
            raise EventFileError(
                f"events_path: {json.dumps(patterns)} is neither a file, a glob nor a list of them."
            )
        found = find_event_files(wanted)
    except EventFileError as error:
        return json.dumps({"problem": str(error)})
    return json.dumps(
        {"files": [{"path": file.path, "state": f"{file.state} {_READER}"} for file in found]}
    )


def describe_event_files(paths: str) -> str:
    """Say how files are to be read.

    Args:
        paths: a list of paths as JSON.

    Returns:
        ``{"files": [{"layout": ..., "urls": [...]}, ...]}``, with files that DuckDB can read in one
        call together, or ``{"problem": message}`` where a file cannot be read.
    """

    def kind(file: EventFile) -> tuple[str, str]:
        return file.layout, file.schema

    try:
        files = sorted(map(inspect_event_file, json.loads(paths)), key=kind)
    except EventFileError as error:
        return json.dumps({"problem": str(error)})
    groups = [(layout, [file.url for file in same]) for (layout, _), same in groupby(files, kind)]
    return json.dumps(
        {
            "files": [
                {"layout": layout, "urls": urls} for layout, urls in groups if layout != "empty"
            ]
        }
    )
