"""Tells how the records of an event file are laid out, from its first and last bytes.

The records themselves are never parsed in Python, and memory does not grow with the file.
"""

import glob
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bootloader.event_files.containers import HEAD_BYTES, find_layers, open_decoded, read_ends
from bootloader.event_files.finding import EventFileError, unreadable
from bootloader.event_files.records_filesystem import RecordsFileSystem, url_of

Layout = Literal["lines", "list", "parquet", "empty"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAGIC_PARQUET = b"PAR1"

_ENVELOPE_HEAD = re.compile(rb'\s*\{\s*"data"\s*:\s*(?=\[)')
_LIST_OF_EVENTS = re.compile(rb'\A\s*\{.*"data"\s*:\s*\[\s*\{', re.DOTALL)
_ENVELOPE_TAIL = re.compile(rb"(?<=\])\s*\}\s*\Z")


@dataclass(frozen=True)
class EventFile:
    """Where the records of one file are.

    ``start`` and ``stop`` are offsets in bytes, after decompression, of the first record (or of the
    list that holds the records) and of what follows the last one. ``schema`` names the columns of
    a Parquet file and their types: files that differ in it are read one by one.
    """

    path: str
    layout: Layout
    layers: tuple[str, ...]
    start: int
    stop: int
    length: int
    schema: str = ""

    @property
    def url(self) -> str:
        """What DuckDB is told to read: the file itself where nothing stands around its records."""
        is_bare = not self.layers and (self.start, self.stop) == (0, self.length)
        # DuckDB would take brackets and stars in the name of a file for a pattern.
        if is_bare and self.path == glob.escape(self.path):
            return self.path
        return url_of(self.path, self.layers, self.start, self.stop)


def inspect_event_file(path: str) -> EventFile:
    """Tell the layout of one file. What cannot be read in part is read through once.

    Raises:
        EventFileError: the file cannot be opened, is damaged, or is of an unsupported kind.
    """
    try:
        status = os.stat(path)
        return _inspect(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise unreadable(path, error) from error


@cache
def _inspect(path: str, _modified_ns: int, _size: int) -> EventFile:
    layers = find_layers(path)
    head, tail, length = read_ends(path, layers)
    if head.startswith(_MAGIC_PARQUET):
        return EventFile(path, "parquet", layers, 0, length, length, _parquet_schema(path, layers))
    start = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    envelope_head = _ENVELOPE_HEAD.match(head, start)
    envelope_tail = _ENVELOPE_TAIL.search(tail)
    if envelope_head and envelope_tail:
        stop = length - len(envelope_tail.group())
        return _checked(EventFile(path, "list", layers, envelope_head.end(), stop, length))
    if envelope_head or _is_other_object(head[start:]):
        raise EventFileError(
            f"events_path: '{path}' is one object, but not just {{\"data\": [...]}}: it is cut "
            "off, or has something before or after the list of events. Export it again, or write "
            "one event per line."
        )
    layout = _bare_layout(head[start:], is_whole=length <= HEAD_BYTES)
    # DuckDB takes a list for whole that ends with the comma after a record.
    if layout == "list" and tail.rstrip().endswith(b","):
        raise EventFileError(
            f"events_path: the list of events in '{path}' is broken: it is cut off after a record. "
            "Export it again."
        )
    return _checked(EventFile(path, layout, layers, start, length, length))


def _parquet_schema(path: str, layers: tuple[str, ...]) -> str:
    try:
        with open_decoded(path, layers) as file:
            return pq.read_schema(file).remove_metadata().to_string()
    except (pa.ArrowInvalid, OSError) as error:
        raise EventFileError(
            f"events_path: '{path}' is a Parquet file that is damaged or cut off: "
            f"{str(error).splitlines()[0]} Copy or export it again."
        ) from error


def _is_other_object(head: bytes) -> bool:
    """Tell an object that has its events in a list somewhere from one event per line."""
    first_line = head.lstrip().split(b"\n", 1)[0]
    return bool(_LIST_OF_EVENTS.search(head)) and not _is_event(first_line)


def _bare_layout(head: bytes, is_whole: bool) -> Layout:
    content = head.strip()
    if not content:
        return "empty" if is_whole else "lines"
    first_line, _, rest = content.partition(b"\n")
    # A list in the first line with other lines after it is a bad record, not the list of events.
    if content.startswith(b"[") and not (rest and _parse(first_line) is not None):
        return "list"
    return "lines"


def _is_event(line: bytes) -> bool:
    record = _parse(line)
    return isinstance(record, dict) and "session_id" in record


def _parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:  # not JSON, or not text
        return None


def _checked(file: EventFile) -> EventFile:
    """Read a list through once: one that is broken cannot be read in part.

    Raises:
        EventFileError: the list is not well-formed; the message says where.
    """
    if file.layout != "list":
        return file
    with duckdb.connect() as reader:
        reader.register_filesystem(RecordsFileSystem())
        try:
            reader.execute(
                "select count(*) from read_json_objects(?, format = 'array', compression = 'none')",
                [file.url],
            )
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(file.url, file.path)
            raise EventFileError(
                f"events_path: the list of events in '{file.path}' is broken, and none of it can "
                f"be read: {reason} Fix it there, or write one event per line: of lines, only the "
                "broken ones are refused."
            ) from error
    return file
