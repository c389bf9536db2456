"""Tells how the records of an event file are laid out, from its first and last bytes.

The records themselves are never parsed in Python, and memory does not grow with the file.
"""

import csv
import glob
import json
import os
import re
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, Literal
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from bootloader.event_files.containers import (
    MAGIC_PARQUET,
    explained,
    find_contents,
    open_decoded,
    read_ends,
)
from bootloader.event_files.errors import EventFileError
from bootloader.event_files.records_filesystem import RecordsFileSystem, url_of
from bootloader.event_files.storage import is_remote, remote_state

Layout = Literal["lines", "list", "stream", "csv", "parquet", "empty"]

_BUFFER = 64 * 1024**2
_LONGEST_RECORD = 256 * 1024**2

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_ENVELOPE_HEAD = re.compile(rb'\s*\{\s*"[^"\\]*"\s*:\s*(?=\[\s*[\]{])')
_ENVELOPE_TAIL = re.compile(rb"(?<=\])\s*\}\s*\Z")
_LIST_OF_OBJECTS = re.compile(rb'"\s*:\s*\[\s*\{')
_COLUMN_NAME = re.compile(r"[A-Za-z_$][\w .$:-]*")
_FOLDER_COLUMN = re.compile(r"(?:\A|/)([A-Za-z_]\w*)=([^/]*)(?=/)")


@dataclass(frozen=True)
class EventFile:
    """Where the records of one file, or of one member of an archive, are.

    ``start`` and ``stop`` are offsets in bytes, below the layers, of the first record (or of the
    list that holds the records) and of what follows the last one. Files whose ``options`` are equal
    can be read in one call.
    """

    path: str
    layout: Layout
    layers: tuple[str, ...]
    start: int
    stop: int
    length: int
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """What DuckDB is told to read: the file itself where nothing stands around its records."""
        is_whole = not self.layers and (self.start, self.stop) == (0, self.length)
        is_bare = is_whole and not is_remote(self.path)
        # DuckDB would take brackets and stars in the name of a file for a pattern.
        if is_bare and self.path == glob.escape(self.path):
            return self.path
        return url_of(self.path, self.layers, self.start, self.stop)


def inspect_event_file(path: str) -> list[EventFile]:
    """Tell the layout of one file, or of each member of an archive.

    What is packed, and what cannot be read in part, is read through once.

    Raises:
        EventFileError: the file cannot be opened, is damaged, or is of an unsupported kind.
    """
    if is_remote(path):
        return _inspect(path, (remote_state(path),))
    with explained(path):
        status = os.stat(path)
    return _inspect(path, (status.st_mtime_ns, status.st_size))


@cache
def _inspect(path: str, _state: tuple[object, ...]) -> list[EventFile]:
    return [_inspect_content(path, layers) for layers in find_contents(path)]


def _inspect_content(path: str, layers: tuple[str, ...]) -> EventFile:
    head, tail, length, longest_line = read_ends(path, layers, partial(_check_line, path))
    if head.startswith(MAGIC_PARQUET):
        return _inspect_parquet(path, layers, length)
    start = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    stop, options = length, {}
    layout = _layout_of(head[start:], is_whole=length <= len(head))
    if layout == "envelope":
        envelope_head = _ENVELOPE_HEAD.match(head, start)
        envelope_tail = _ENVELOPE_TAIL.search(tail)
        if not (envelope_head and envelope_tail):
            raise EventFileError(
                f"events_path: '{path}' is one object, but not just {{\"data\": [...]}}: it is cut "
                "off, or has something before or after the list of events. Export it again, or "
                "write one event per line."
            )
        layout, start, stop = "list", envelope_head.end(), length - len(envelope_tail.group())
    # DuckDB takes a list for whole that ends with the comma after a record.
    if layout == "list" and tail.rstrip().endswith(b","):
        raise EventFileError(
            f"events_path: the list of events in '{path}' is broken: it is cut off after a record. "
            "Export it again."
        )
    if layout == "lines":
        options = {"buffer_size": _buffer_size(longest_line)}
        if header := _header(head[start:]):
            layout = "csv"
            options |= {"delimiter": header[0]} | _columns(path, header[1])
        elif delimiter := _delimiter_without_header(head[start:]):
            raise EventFileError(
                f"events_path: '{path}' looks like a table (delimiter {delimiter!r}) without a "
                "header. Put a first line with the names of its columns, such as "
                f"{delimiter.join(('session_id', 'event_name', 'category', 'client_time'))!r}, or "
                "read it in a staging model and name that in events_relation."
            )
    return _check(EventFile(path, layout, layers, start, stop, length, options))


def _buffer_size(longest_line: int) -> int:
    """Return what DuckDB needs to see a line as a whole: one that it does not see, it skips."""
    return _BUFFER * max(1, -(-2 * longest_line // _BUFFER))


def _check_line(path: str, head: bytes, line: int) -> None:
    """Stop at a line that no event is as long as, in a file that has one event per line.

    Raises:
        EventFileError: the line is too long.
    """
    if line > _LONGEST_RECORD and _layout_of(head, is_whole=False) == "lines":
        raise EventFileError(
            f"events_path: '{path}' has a line of more than {_LONGEST_RECORD:,} bytes, so it does "
            "not hold one event per line. Leave it out, or export it again."
        )


def _layout_of(head: bytes, is_whole: bool) -> Layout | Literal["envelope"]:
    """Tell the layout of a text from how it begins; an envelope is one object around a list."""
    text = head.decode(errors="replace").strip()
    if not text:
        return "empty" if is_whole else "lines"
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):  # cut off by the end of the head, or not JSON
        return _layout_of_part(head.strip())
    first, rest = text[:end], text[end:].lstrip()
    if isinstance(value, list):
        # Before lines, a list is a rejected record; before other lists, it is some of the events.
        if not rest:
            return "list"
        return "stream" if rest.startswith("[") else "lines"
    if not isinstance(value, dict):
        return "lines"
    if any(_is_list_of_objects(part) for part in value.values()) and (
        len(value) == 1 or not (rest or "session_id" in value)
    ):
        return "envelope"
    is_followed = rest[:1] in ("{", "[") and not re.match(r"[ \t\v\f]*[\r\n]", text[end:])
    return "stream" if is_followed or re.search(r"[\r\n]", first) else "lines"


def _layout_of_part(head: bytes) -> Layout | Literal["envelope"]:
    """Tell the layout of a text whose first value is not complete."""
    if head.startswith(b"["):
        return "list"
    if head.startswith(b"{"):
        has_lines = b"\n{" in head and not _LIST_OF_OBJECTS.search(head.split(b"\n", 1)[0])
        if _ENVELOPE_HEAD.match(head) or (_LIST_OF_OBJECTS.search(head) and not has_lines):
            return "envelope"
    return "lines"


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _header(head: bytes) -> tuple[str, list[str]] | None:
    """Return the delimiter and the names in the first line of a CSV file; none of another text."""
    first_line = re.split(r"[\r\n]", head.decode(errors="replace").lstrip(), maxsplit=1)[0]
    for delimiter in ",;\t|":
        names = next(csv.reader([first_line], delimiter=delimiter), [])
        are_names = all(_COLUMN_NAME.fullmatch(name) for name in names)
        if len(names) > 2 and are_names and len({name.lower() for name in names}) == len(names):
            return delimiter, names
    return None


def _delimiter_without_header(head: bytes) -> str | None:
    """Return what stands between the values of a table whose first line holds no names."""
    lines = [line for line in head.decode(errors="replace").splitlines() if line.strip()]
    # The last one may be cut off.
    lines = lines[:-1] or lines
    if any(line.lstrip()[:1] in "{[" for line in lines):
        return None
    for delimiter in "\t;,|":
        counts = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
        if len(counts) == 1 and counts.pop() > 3:
            return delimiter
    return None


def _inspect_parquet(path: str, layers: tuple[str, ...], length: int) -> EventFile:
    try:
        with open_decoded(path, layers) as file:
            schema = pq.read_schema(file)
    except (pa.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0]
        raise EventFileError(f"events_path: '{path}' {_broken('parquet')}: {reason}") from error
    types = [str(type_) for type_ in schema.types]
    options = _columns(path, schema.names) | {"types": types}
    return _check(EventFile(path, "parquet", layers, 0, length, length, options))


def _columns(path: str, names: list[str]) -> dict:
    """Name the columns of a file as DuckDB does, and the keys that they have in a record."""
    taken, columns = set(), []
    for name in names:
        known_as, number = name, 0
        while known_as.lower() in taken:
            number += 1
            known_as = f"{name}_{number}"
        taken.add(known_as.lower())
        # A name counts for the same one in lower case, unless another column has that.
        key = name if name.lower() in names else name.lower()
        columns.append({"key": key, "name": known_as})
    # A folder such as event_name=View%20Project stands for a column that the file does not have.
    keys = {column["key"] for column in columns}
    folders = {
        key: unquote(value) for key, value in _FOLDER_COLUMN.findall(path) if key not in keys
    }
    return {"columns": columns, "folders": folders}


# How DuckDB reads through what is lost whole where it is broken, and with which options, in turn.
_READ_THROUGH = {
    "list": "count(json) from read_json_objects(?, format = 'array', compression = 'none', {})",
    "stream": (
        "count(json) from read_json_objects(?, format = 'unstructured', compression = 'none', {})"
    ),
    # A count of rows would not look at the pages.
    "parquet": "max(hash(record)) from read_parquet(?, {}) as record",
}
_OBJECT_SIZES = [{"maximum_object_size": size} for size in (16 * 1024**2, _LONGEST_RECORD)]
_ATTEMPTS: dict[str, list[dict[str, Any]]] = {
    "list": _OBJECT_SIZES,
    "stream": _OBJECT_SIZES,
    # Text of old writers is not declared to be text, and bytes may be none.
    "parquet": [{"binary_as_string": True}, {"binary_as_string": False}],
}


def _check(file: EventFile) -> EventFile:
    """Read through what cannot be read in part, and find the options that this takes.

    Raises:
        EventFileError: it is broken; the message says where.
    """
    if file.layout not in _READ_THROUGH:
        return file
    for options in _ATTEMPTS[file.layout]:
        told = ", ".join(f"{name} = {value}" for name, value in options.items())
        read_through = _READ_THROUGH[file.layout].format(told)
        try:
            _reader().execute(f"select {read_through}", [[file.url]])
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(file.url, file.path)
        else:
            return replace(file, options=file.options | options)
    raise EventFileError(f"events_path: '{file.path}' {_broken(file.layout)}: {reason}")


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register_filesystem(RecordsFileSystem())
    return connection


def _broken(layout: Layout) -> str:
    if layout == "parquet":
        return "is a Parquet file that is damaged or cut off. Copy or export it again"
    return (
        "holds a list or a stream of events that is broken, so none of it can be read. Export it "
        "again, or write one event per line: of lines, only the broken ones are rejected"
    )
