"""Opens event files as the text in them: what is compressed comes decompressed."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from fsspec.compression import compr

from bootloader.event_files.finding import EventFileError

HEAD_BYTES = 64 * 1024
_CHUNK_BYTES = 1024 * 1024

# What the file begins with, and what fsspec calls that.
_MAGIC = {b"\x1f\x8b": "gzip"}

_NOT_SUPPORTED = {
    b"\x28\xb5\x2f\xfd": (
        "is compressed with Zstandard, which is not supported: a file that is cut off could lose "
        "events unnoticed. Decompress it first, or use gzip."
    ),
}


def open_decoded(path: str, layers: tuple[str, ...]) -> BinaryIO:
    """Open what is in a file, below the layers of compression that are named, outermost first."""
    file = open(path, "rb")  # noqa: SIM115  (the caller closes it)
    for layer in layers:
        file = compr[layer](file, mode="rb")
    return file


def find_layers(path: str, layers: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the layers of compression that a file has.

    Raises:
        EventFileError: it is compressed in a way that is not supported, or damaged.
    """
    with explained(path), open_decoded(path, layers) as file:
        head = file.read(4)
    for magic, problem in _NOT_SUPPORTED.items():
        if head.startswith(magic):
            raise EventFileError(f"events_path: '{path}' {problem}")
    for magic, layer in _MAGIC.items():
        if head.startswith(magic):
            return (*layers, layer)
    return layers


def read_ends(path: str, layers: tuple[str, ...]) -> tuple[bytes, bytes, int]:
    """Return the first and last bytes of what is in a file, and its length in bytes.

    What is compressed is read through, so that a damaged file is refused.

    Raises:
        EventFileError: the file is damaged or cut off.
    """
    with explained(path), open_decoded(path, layers) as file:
        if layers:
            head, tail, length = b"", b"", 0
            while chunk := file.read(_CHUNK_BYTES):
                head = head or chunk[:HEAD_BYTES]
                tail = (tail + chunk)[-HEAD_BYTES:]
                length += len(chunk)
            return head, tail, length
        head = file.read(HEAD_BYTES)
        length = file.seek(0, 2)
        file.seek(max(0, length - HEAD_BYTES))
        return head, file.read(), length


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Say which file is damaged."""
    try:
        yield
    except (EOFError, zlib.error) as error:
        raise EventFileError(
            f"events_path: '{path}' is damaged or cut off ({error}). Fetch it again."
        ) from error
