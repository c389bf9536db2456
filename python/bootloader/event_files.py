"""Find event files, tell their layout, and show each one as a plain stream of records.

Nobody should have to say how a file of events is laid out. :func:`inspect_event_file` looks at the
head (and, where there is an envelope, the tail) of a file; :class:`RecordsFileSystem` then shows
DuckDB just the records: decompressed, without byte order mark, without the ``{"data": ...}`` around
them. The records themselves are never parsed in Python, and memory does not grow with the file. A
long list of records is shown as several shorter ones, because DuckDB reads each list on one thread.
"""

import glob
import gzip
import io
import json
import os
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import BinaryIO, Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from bootloader.loaded_code import READER

Layout = Literal["ndjson", "array", "parquet", "empty"]

PROTOCOL = "records://"

_HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024
_PART_BYTES = 32 * 1024 * 1024

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MAGIC_GZIP = b"\x1f\x8b"
_MAGIC_ZSTD = b"\x28\xb5\x2f\xfd"
_MAGIC_PARQUET = b"PAR1"

_ENVELOPE_HEAD = re.compile(rb'\s*\{\s*"data"\s*:\s*(?=\[)')
_LIST_OF_EVENTS = re.compile(rb'\A\s*\{.*"data"\s*:\s*\[\s*\{', re.DOTALL)
_ENVELOPE_TAIL = re.compile(rb"(?<=\])\s*\}\s*\Z")
_BETWEEN_RECORDS = re.compile(rb"\}\s*(,)\s*\{")


class EventFileError(Exception):
    """An event file cannot be read; the message names the file and what to do about it."""


@dataclass(frozen=True)
class EventFile:
    """Where the records of one file are.

    ``start`` and ``stop`` are offsets in bytes, after decompression, of the first record (or of the
    array that holds the records) and of what follows the last one. ``schema`` names the columns of
    a Parquet file and their types: files that differ in it are read one by one.
    """

    path: str
    layout: Layout
    is_gzipped: bool
    start: int
    stop: int
    size: int
    schema: str = ""

    @property
    def url(self) -> str:
        """What DuckDB is told to read: the file itself where nothing stands around its records."""
        is_bare = not self.is_gzipped and (self.start, self.stop) == (0, self.size)
        # DuckDB would take brackets and stars in the name of a file for a pattern.
        if is_bare and self.path == glob.escape(self.path):
            return self.path
        return self.url_of(self.start, self.stop)

    def url_of(self, start: int, stop: int) -> str:
        """What DuckDB is told to read for some of the bytes of this file."""
        return f"{PROTOCOL}{start}-{stop}/{self.path}"


def find_event_files(patterns: list[str]) -> list[str]:
    """Return the sorted paths that file names and globs stand for.

    Raises:
        EventFileError: a pattern matches nothing, or matches a folder or a name that is no text.
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
    found = sorted(paths)
    for path in found:
        if not _is_utf8(os.fsencode(path)):
            raise EventFileError(
                f"events_path: the name of {os.fsencode(path)} is no UTF-8 text. Rename it."
            )
    folders = [path for path in found if os.path.isdir(path)]
    if folders:
        raise EventFileError(
            f"events_path: '{folders[0]}' is a folder. Name its files, for example "
            f"'{folders[0]}/*.json'."
        )
    return found


def inspect_event_file(path: str) -> EventFile:
    """Tell the layout of one file. A gzipped one is read through once, to refuse a damaged one.

    Raises:
        EventFileError: the file cannot be opened, is damaged, or is of an unsupported kind.
    """
    try:
        status = os.stat(path)
        return _inspect(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise EventFileError(
            f"events_path: cannot read '{path}': {error.strerror or error}. "
            "Check that the file is there, whole and readable."
        ) from error


@cache
def _inspect(path: str, _modified_ns: int, size: int) -> EventFile:
    with open(path, "rb") as file:
        magic = file.read(4)
    if magic == _MAGIC_ZSTD:
        raise EventFileError(
            f"events_path: '{path}' is compressed with Zstandard, which is not supported: a file "
            "that is cut off could lose events unnoticed. Decompress it first, or use gzip."
        )
    if magic == _MAGIC_PARQUET:
        return EventFile(path, "parquet", False, 0, size, size, _parquet_schema(path))

    is_gzipped = magic.startswith(_MAGIC_GZIP)
    head, tail, length = _gzip_ends(path) if is_gzipped else _plain_ends(path, size)
    start = len(_BYTE_ORDER_MARK) if head.startswith(_BYTE_ORDER_MARK) else 0
    envelope_head = _ENVELOPE_HEAD.match(head, start)
    envelope_tail = _ENVELOPE_TAIL.search(tail)
    if envelope_head and envelope_tail:
        stop = length - len(envelope_tail.group())
        return EventFile(path, "array", is_gzipped, envelope_head.end(), stop, size)
    if envelope_head or _is_other_object(head[start:]):
        raise EventFileError(
            f"events_path: '{path}' is one object, but not just {{\"data\": [...]}}: it is cut "
            "off, or has something before or after the list of events. Export it again, or write "
            "one event per line."
        )
    layout = _bare_layout(head[start:], is_whole=length <= _HEAD_BYTES)
    # DuckDB takes a list for whole that ends with the comma after a record.
    if layout == "array" and tail.rstrip().endswith(b","):
        raise EventFileError(
            f"events_path: the list of events in '{path}' is broken: it is cut off after a record. "
            "Export it again."
        )
    return EventFile(path, layout, is_gzipped, start, length, size)


def _parquet_schema(path: str) -> str:
    try:
        return pq.read_schema(path).remove_metadata().to_string()
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
        return "empty" if is_whole else "ndjson"
    first_line, _, rest = content.partition(b"\n")
    # A list in the first line with other lines after it is a bad record, not the list of events.
    if content.startswith(b"[") and not (rest and _parse(first_line) is not None):
        return "array"
    return "ndjson"


def _is_event(line: bytes) -> bool:
    record = _parse(line)
    return isinstance(record, dict) and "session_id" in record


def _parse(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:  # not JSON, or not text
        return None


def _plain_ends(path: str, size: int) -> tuple[bytes, bytes, int]:
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
        file.seek(max(0, size - _HEAD_BYTES))
        return head, file.read(), size


def _gzip_ends(path: str) -> tuple[bytes, bytes, int]:
    head, tail, length = b"", b"", 0
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                head = head or chunk[:_HEAD_BYTES]
                tail = (tail + chunk)[-_HEAD_BYTES:]
                length += len(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise EventFileError(
            f"events_path: the gzip file '{path}' is damaged or cut off ({error}). Fetch it again."
        ) from error
    return head, tail, length


class _Window(io.RawIOBase):
    """The bytes ``[start, stop)`` of a file, whose own position moves only to read.

    ``first`` and ``last`` are bytes that are shown in the place of those at the ends.
    """

    mode = "rb"

    def __init__(
        self, file: BinaryIO, start: int, stop: int, first: bytes = b"", last: bytes = b""
    ) -> None:
        self._file, self._start, self._stop = file, start, stop
        self._first, self._last = first, last
        self._position = start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = (self._start, self._position, self._stop)[whence]
        self._position = origin + offset
        return self.tell()

    def tell(self) -> int:
        return self._position - self._start

    def readinto(self, buffer) -> int:
        wanted = max(0, min(len(buffer), self._stop - self._position))
        if self._file.tell() != self._position:
            self._file.seek(self._position)
        view = memoryview(buffer)
        count = self._file.readinto(view[:wanted])
        if count and self._first and self._position == self._start:
            view[:1] = self._first
        self._position += count
        if count and self._last and self._position == self._stop:
            view[count - 1 : count] = self._last
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


def open_records(path: str) -> _Window:
    """Open the records of a JSON file (one per line, or one array), whatever stands around them."""
    file = inspect_event_file(path)
    return _open_window(file, file.start, file.stop)


def _open_window(file: EventFile, start: int, stop: int) -> _Window:
    """Open some of the bytes of a file; a part of its list begins and ends like a whole one."""
    opened = gzip.open(file.path, "rb") if file.is_gzipped else open(file.path, "rb")  # noqa: SIM115  (the window closes it)
    # A file of lines may have grown since it was inspected: where it ended is the end of no part.
    is_list = file.layout == "array"
    first = b"[" if is_list and start > file.start else b""
    last = b"]" if is_list and stop < file.stop else b""
    return _Window(opened, start, stop, first, last)


class RecordsFileSystem(LocalFileSystem):
    """Shows DuckDB the bytes that :meth:`EventFile.url_of` names: it reads every layout alike."""

    protocol = "records"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix(PROTOCOL)

    @classmethod
    def _locate(cls, path: str) -> tuple[str, int, int]:
        # A relative path stays one: it ends up in source_file, which is then the same anywhere.
        window, _, path = cls._strip_protocol(path).partition("/")
        start, stop = map(int, window.split("-"))
        return path, start, stop

    def glob(self, path: str, **_options) -> list[str]:
        return [self._strip_protocol(path)]  # found already; brackets in a name are no pattern

    def info(self, path: str, **options) -> dict:
        location, start, stop = self._locate(path)
        return super().info(location, **options) | {"name": path, "size": stop - start}

    def _open(self, path: str, mode: str = "rb", **_options) -> _Window:
        location, start, stop = self._locate(path)
        return _open_window(inspect_event_file(location), start, stop)


def urls_to_read(file: EventFile) -> list[str]:
    """Return what DuckDB is told to read, so that it has work for all its threads.

    A list is read through once here: one that is broken cannot be read in part.

    Raises:
        EventFileError: the list is not well-formed; the message says where.
    """
    if file.layout != "array":
        return [file.url]
    status = os.stat(file.path)
    return _urls_of_array(file, status.st_mtime_ns)


@cache
def _urls_of_array(file: EventFile, _modified_ns: int) -> list[str]:
    parts = _guess_parts(file)
    with duckdb.connect() as reader:
        reader.register_filesystem(RecordsFileSystem())

        def read(urls: list[str]) -> list[str]:
            reader.execute(
                "select count(*) from read_json_objects(?, format = 'array', compression = 'none')",
                [urls],
            )
            return urls

        # A cut within a record leaves a part that is not well-formed.
        with suppress(duckdb.Error):
            return read(parts)
        try:
            return read([file.url])
        except duckdb.Error as error:
            reason = str(error).splitlines()[0].replace(file.url, file.path)
            raise EventFileError(
                f"events_path: the list of events in '{file.path}' is broken, and none of it can "
                f"be read: {reason} Mend it there, or write one event per line: of lines, only the "
                "broken ones are refused."
            ) from error


def _guess_parts(file: EventFile) -> list[str]:
    """Cut a long list at commas that seem to stand between two records."""
    cuts = []
    # What is compressed could only be read from its beginning, for every part again.
    if not file.is_gzipped:
        with open(file.path, "rb") as opened:
            position = file.start + _PART_BYTES
            while position < file.stop:
                opened.seek(position)
                if found := _BETWEEN_RECORDS.search(opened.read(_HEAD_BYTES)):
                    position += found.start(1)
                    cuts.append(position)
                position += _PART_BYTES
    if not cuts:
        return [file.url]
    # The comma belongs to both parts: it stands for the bracket that each of them lacks.
    starts, stops = [file.start, *cuts], [*(cut + 1 for cut in cuts), file.stop]
    return [file.url_of(*ends) for ends in zip(starts, stops, strict=True)]


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=1)
def list_event_files(question: str) -> str:
    """Answer a macro's question about ``events_path``, JSON in and JSON out, once in a build.

    Args:
        question: a list of the build's id and the variable (a string or a list of strings), as JSON.

    Returns:
        ``{"files": [{"path": ..., "state": ...}, ...]}``, where the state changes with the size and
        the time of the last change of the file and with the code that reads it; or
        ``{"problem": message}`` where there is no such file.
    """
    try:
        _, patterns = json.loads(question)
        wanted = [patterns] if isinstance(patterns, str) else patterns
        are_paths = isinstance(wanted, list) and all(p and isinstance(p, str) for p in wanted)
        if not (wanted and are_paths):
            raise EventFileError(
                f"events_path: {json.dumps(patterns)} is neither a file, a glob nor a list of them."
            )
        states = {path: os.stat(path) for path in find_event_files(wanted)}
    except (EventFileError, OSError) as error:
        return json.dumps({"problem": str(error)})
    return json.dumps(
        {
            "files": [
                {"path": path, "state": f"{state.st_size} {state.st_mtime_ns} {READER}"}
                for path, state in states.items()
            ]
        }
    )


def describe_event_files(paths: str) -> str:
    """Answer a macro's question about files that are to be read, JSON in and JSON out.

    Args:
        paths: a list of paths as JSON.

    Returns:
        ``{"files": [{"urls": [...], "layout": ..., "schema": ...}, ...]}``, or
        ``{"problem": message}`` where a file cannot be read.
    """
    try:
        files = [inspect_event_file(path) for path in json.loads(paths)]
        described = [
            {"urls": urls_to_read(file), "layout": file.layout, "schema": file.schema}
            for file in files
        ]
    except EventFileError as error:
        return json.dumps({"problem": str(error)})
    return json.dumps({"files": described})
