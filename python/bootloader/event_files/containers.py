"""Opens event files as the text in them: what is packed, compressed or encoded comes as UTF-8.

A file can be wrapped several times, such as a gzipped file in a zip archive. Each layer has a name,
from the outside in: that of fsspec's compression, ``zip:`` and the number of a member of an archive
(several may have one name), or the encoding of a text.
"""

import codecs
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import PurePath
from typing import Any

from fsspec.compression import compr

from bootloader.event_files.errors import EventFileError
from bootloader.event_files.storage import is_remote, open_remote_file

HEAD_BYTES = 64 * 1024
MAGIC_PARQUET = b"PAR1"
_CHUNK_BYTES = 1024 * 1024
_STEP_BYTES = 16 * 1024**2
_MOST_LAYERS = 4
_LINE_END = re.compile(rb"[\r\n]")

_MAGIC_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz"}
# The byte order marks, the longer ones first, and how text without one begins.
_ENCODINGS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"{\x00": "utf-16-le",
    b"[\x00": "utf-16-le",
    b"\x00{": "utf-16-be",
    b"\x00[": "utf-16-be",
}

_OTHER_COMPRESSIONS = {
    # A file of Zstandard that is cut off could lose events without anybody noticing.
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\xff\x06\x00\x00sNaPpY": "Snappy",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!": "RAR",
    b"\x1f\x9d": "compress",
}
_OTHER_FORMATS = {
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"ARROW1": "an Arrow file",
    b"PARE": "an encrypted Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file",
} | dict.fromkeys(
    [b"<!", b"<?xml", b"<html", b"<HTML", b"<Error"], "a web page, such as the error of a download"
)
_PACKED_SUFFIXES = {".gz", ".bz2", ".xz", ".zip", ".parquet"}


def open_decoded(path: str, layers: tuple[str, ...]) -> io.BufferedIOBase:
    """Open what is in a file, below the layers that are named."""
    with ExitStack() as opened:
        file: Any = opened.enter_context(
            open_remote_file(path) if is_remote(path) else open(path, "rb")  # noqa: SIM115  (the stack closes it)
        )
        for layer in layers:
            if layer.startswith("zip:"):
                archive = zipfile.ZipFile(file)
                file = archive.open(archive.infolist()[int(layer.removeprefix("zip:"))])
            elif layer in _ENCODINGS.values():
                file = _Recoded(file, layer)
            else:
                file = compr[layer](file, mode="rb")
            opened.enter_context(file)
        whole = opened.pop_all()
    return _Unpacked(file, whole) if layers else file


def find_contents(path: str, layers: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the layers of what is in a file, several of them where it is an archive.

    Raises:
        EventFileError: the file is damaged, or of a kind that is not supported.
    """
    members: dict[int, str] = {}
    with explained(path), open_decoded(path, layers) as file:
        head = file.read(512)
        if head.startswith(_MAGIC_ZIP):
            listed = enumerate(zipfile.ZipFile(file).namelist())
            members = {number: name for number, name in listed if name[-1] != "/"}
    if not head and not layers and PurePath(path).suffix in _PACKED_SUFFIXES:
        raise EventFileError(
            f"events_path: '{path}' has no bytes: its upload was cut off. Fetch or export it again."
        )
    _reject_other_kinds(path, head, list(members.values()))
    inner = [name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)]
    inner += [f"zip:{n}" for n, name in members.items() if not name.startswith("__MACOSX/")]
    if inner and len(layers) == _MOST_LAYERS:
        raise EventFileError(f"events_path: '{path}' is packed too often. Unpack it first.")
    for layer in inner:
        yield from find_contents(path, (*layers, layer))
    if not inner and not members:
        encoding = [name for mark, name in _ENCODINGS.items() if head.startswith(mark)]
        yield (*layers, *encoding[:1])


def _reject_other_kinds(path: str, head: bytes, members: list[str]) -> None:
    for magic, name in _OTHER_COMPRESSIONS.items():
        if head.startswith(magic):
            raise EventFileError(
                f"events_path: '{path}' is compressed with {name}, which is not supported. "
                "Decompress it first, or use gzip, bzip2, xz or zip."
            )
    kinds = [name for magic, name in _OTHER_FORMATS.items() if head.lstrip().startswith(magic)]
    kinds += ["a DuckDB database"] if head[8:12] == b"DUCK" else []
    kinds += ["an Excel workbook"] if "[Content_Types].xml" in members else []
    if kinds:
        raise EventFileError(
            f"events_path: '{path}' is {kinds[0]}, not a file of events. Export the events as one "
            "JSON object per line, as CSV or as Parquet, or leave the file out."
        )
    if head[257:262] == b"ustar":
        raise EventFileError(
            f"events_path: '{path}' is a tar archive. Unpack it with tar -xf, and name its files."
        )


def read_ends(
    path: str, layers: tuple[str, ...], check_line: Callable[[bytes, int], None]
) -> tuple[bytes, bytes, int, int]:
    """Return the first and last bytes of what is in a file, and its length in bytes.

    The last value is at least the length of the longest line, as far as it is above 32 MB. What is
    packed or encoded is read through, so that a damaged file is rejected.

    Args:
        path: the file.
        layers: what is around the text.
        check_line: called with the first bytes and the length of a line, as it grows; what it
            raises ends the reading.

    Raises:
        EventFileError: the file is damaged or cut off.
    """
    with explained(path), open_decoded(path, layers) as file:
        if layers:
            return _read_through(file, check_line)
        head = file.read(HEAD_BYTES)
        length = file.seek(0, io.SEEK_END)
        file.seek(max(0, length - HEAD_BYTES))
        tail = file.read()
        return head, tail, length, _longest_line(file, length, partial(check_line, head))


def _read_through(
    file: io.BufferedIOBase, check_line: Callable[[bytes, int], None]
) -> tuple[bytes, bytes, int, int]:
    head, tail, length, line, longest_line = b"", b"", 0, 0, 0
    while chunk := file.read(_CHUNK_BYTES):
        head = head or chunk[:HEAD_BYTES]
        tail = (tail + chunk)[-HEAD_BYTES:]
        length += len(chunk)
        line = 0 if _LINE_END.search(chunk) else line + len(chunk)
        check_line(head, line)
        longest_line = max(longest_line, line + 2 * _CHUNK_BYTES)
    return head, tail, length, longest_line


def _longest_line(file: io.BufferedIOBase, length: int, check_line: Callable[[int], None]) -> int:
    """Look for the next end of a line here and there: a longer line than a step is met."""
    longest_line = start = 0
    while start < length:
        file.seek(start)
        line = 0
        while (chunk := file.read(HEAD_BYTES)) and not _LINE_END.search(chunk):
            line += len(chunk)
            check_line(line)
        longest_line = max(longest_line, line + _STEP_BYTES)
        start += max(line, _STEP_BYTES)
    return longest_line


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Say which file cannot be opened or is damaged."""
    try:
        yield
    except RuntimeError as error:  # what zipfile says of a password
        raise EventFileError(
            f"events_path: '{path}' cannot be unpacked: {error}. Unpack it first."
        ) from error
    except (EOFError, UnicodeError, lzma.LZMAError, zipfile.BadZipFile, zlib.error) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        # What gzip and bz2 say of bytes that they cannot read has no number.
        if error.errno is None:
            raise _damaged(path, error) from error
        raise EventFileError(
            f"events_path: cannot read '{path}': {error.strerror}. "
            "Check that the file is there, whole and readable."
        ) from error


def _damaged(path: str, error: Exception) -> EventFileError:
    return EventFileError(
        f"events_path: '{path}' is damaged or cut off ({error}). Fetch or export it again."
    )


class _Unpacked(io.BufferedReader):
    """What is in a packed file; closing it closes the file too."""

    def __init__(self, file: Any, opened: ExitStack) -> None:
        super().__init__(file, _CHUNK_BYTES)
        self._opened = opened

    def close(self) -> None:
        super().close()
        self._opened.close()


class _Recoded(io.RawIOBase):
    """Text in another encoding, read as UTF-8."""

    def __init__(self, file: io.BufferedIOBase, encoding: str) -> None:
        self._file, self._encoding = file, encoding
        self._rewind()

    def _rewind(self) -> None:
        self._file.seek(0)
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        self._position, self._pending = 0, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the start")
        if offset < self._position:
            self._rewind()
        while self._position < offset and self.read(min(_CHUNK_BYTES, offset - self._position)):
            pass
        return self._position

    def readinto(self, buffer: Any) -> int:
        while not self._pending:
            chunk = self._file.read(_CHUNK_BYTES)
            self._pending = self._decoder.decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        count = min(len(buffer), len(self._pending))
        buffer[:count], self._pending = self._pending[:count], self._pending[count:]
        self._position += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
