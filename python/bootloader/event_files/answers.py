"""Answers the questions that macros ask about event files: JSON in, JSON out."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import duckdb

from bootloader.event_files.errors import EventFileError
from bootloader.event_files.finding import find_event_files
from bootloader.event_files.framing import inspect_event_file
from bootloader.event_files.statements import read_statement
from bootloader.variables import fault_of

# What reads the files, as it was loaded: they may be edited while a build runs.
_CODE = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
_READER = f"{hashlib.sha256(_CODE).hexdigest()[:16]} {duckdb.__version__}"


@lru_cache(maxsize=2)
def list_event_files(question: str) -> str:
    """Say which files a variable names, once in a build.

    Args:
        question: the build's id, the variable's name, such as ``events_path``, and its value (a
            string or a list of strings) as a JSON list.

    Returns:
        ``{"files": [{"path": ..., "state": ..., "modified_at": UNIX second or null}, ...]}``, where
        the state changes with the file and with the code that reads it; or
        ``{"problem": message}`` where there is no such file.
    """
    _, variable, patterns = json.loads(question)
    try:
        if fault := fault_of(variable, patterns):
            raise EventFileError(fault)
        found = find_event_files([patterns] if isinstance(patterns, str) else patterns, variable)
    except EventFileError as error:
        return json.dumps({"problem": str(error)})
    return json.dumps(
        {
            "files": [
                {
                    "path": file.path,
                    "state": f"{file.state} {_READER}",
                    "modified_at": file.modified_at,
                }
                for file in found
            ]
        }
    )


def read_event_files(question: str) -> str:
    """Say how files are read.

    Args:
        question: ``{"variable": what names the files, "files": [path, ...], "max_record_bytes":
            ...}`` as JSON.

    Returns:
        ``{"statement": ...}``, SQL that gives a row for each record with its text (raw_event) and
        file (source_file), or ``{"problem": message}`` where a file cannot be read.
    """
    asked = json.loads(question)
    groups: dict[str, list[str]] = {}
    try:
        for path in asked["files"]:
            for file in inspect_event_file(path):
                if file.layout != "empty":
                    same = json.dumps({"layout": file.layout} | file.options)
                    groups.setdefault(same, []).append(file.url)
    except EventFileError as error:
        message = str(error).replace("events_path", asked["variable"], 1)
        return json.dumps({"problem": message})
    described = [json.loads(key) | {"urls": urls} for key, urls in groups.items()]
    return json.dumps({"statement": read_statement(described, asked["max_record_bytes"])})
