"""Shows DuckDB the records of event files as plain bytes, through fsspec."""

import io
from typing import Any
from urllib.parse import quote, unquote

from fsspec.implementations.local import LocalFileSystem

from bootloader.event_files.containers import open_decoded
from bootloader.event_files.storage import is_remote

_PROTOCOL = "records://"


def url_of(path: str, layers: tuple[str, ...], start: int, stop: int) -> str:
    """Return what DuckDB is told to read for the bytes from ``start`` to ``stop`` below layers."""
    window = "+".join([f"{start}-{stop}", *(quote(layer, safe="") for layer in layers)])
    return f"{_PROTOCOL}{window}/{path}"


class _Window(io.RawIOBase):
    """The bytes ``[start, stop)`` of a file, whose own position moves only to read."""

    mode = "rb"

    def __init__(self, file: io.BufferedIOBase, start: int, stop: int) -> None:
        self._file, self._start, self._stop = file, start, stop
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

    def readinto(self, buffer: Any) -> int:
        wanted = max(0, min(len(buffer), self._stop - self._position))
        if self._file.tell() != self._position:
            self._file.seek(self._position)
        count = self._file.readinto(memoryview(buffer)[:wanted])
        self._position += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class RecordsFileSystem(LocalFileSystem):
    """Shows the bytes that :func:`url_of` names."""

    protocol = "records"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix(_PROTOCOL)

    @classmethod
    def _locate(cls, path: str) -> tuple[str, tuple[str, ...], int, int]:
        # A relative path stays one: it ends up in source_file, which is then the same anywhere.
        window, _, path = cls._strip_protocol(path).partition("/")
        ends, *layers = window.split("+")
        start, stop = map(int, ends.split("-"))
        return path, tuple(map(unquote, layers)), start, stop

    def glob(self, path: str, **_options: object) -> list[str]:
        return [self._strip_protocol(path)]  # found already; brackets in a name are no pattern

    def info(self, path: str, **options: object) -> dict:
        location, _, start, stop = self._locate(path)
        # DuckDB does not ask again within a build.
        status = {"mtime": 0.0} if is_remote(location) else super().info(location, **options)
        return status | {"name": path, "size": stop - start, "type": "file"}

    def _open(self, path: str, mode: str = "rb", **_options: object) -> _Window:
        location, layers, start, stop = self._locate(path)
        return _Window(open_decoded(location, layers), start, stop)
