"""Reaches event files beyond this machine, such as ``s3://bucket/day.json``, through fsspec.

Credentials come from where the package of the file system looks for them, such as AWS_PROFILE.
"""

import glob
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec import AbstractFileSystem, available_protocols
from fsspec.core import url_to_fs

from bootloader.event_files.errors import EventFileError

# What the listing of a store calls the version or the last change of a file.
_VERSIONS = (
    "ETag", "etag", "LastModified", "Last-Modified", "last_modified", "updated", "mtime", "created",
)  # fmt: skip
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az",
           "abfss": "az", "http": "https", "https": "https"}  # fmt: skip
# How much is fetched at once: the first bytes of a file tell how to read it.
_BLOCK_BYTES = 4 * 1024**2

# The states of the files in the last listing, which are asked for again in other threads.
_states: dict[str, str] = {}


def is_remote(path: str) -> bool:
    """Tell addresses from paths on this machine."""
    return "://" in path


def file_system(url: str) -> AbstractFileSystem:
    """Return what reaches an address.

    Raises:
        EventFileError: there is no such file system, its package is not installed, or the address
            has a secret in it.
    """
    protocol, _, rest = url.partition("://")
    is_web = protocol in ("http", "https")
    if "@" in rest.partition("/")[0] or (is_web and "?" in rest):
        # It would end up in tables, which say where each event comes from.
        raise EventFileError(
            f"events_path: the address at '{protocol}://{rest.rpartition('@')[2].split('?')[0]}' "
            "has a password or a query in it. Give credentials in the environment, or download "
            "the file."
        )
    if protocol not in available_protocols():
        raise EventFileError(
            f"events_path: '{url}': nothing is known of '{protocol}'. Give a path, or an address "
            "such as s3://, gs://, az:// or https://."
        )
    with explained_remotely(url):
        try:
            return url_to_fs(url)[0]
        except ImportError as error:
            extra = _EXTRAS.get(protocol)
            how = f": python -m pip install --no-build-isolation -e '.[{extra}]'" if extra else ""
            raise EventFileError(
                f"events_path: '{url}' needs a package that is not installed ({error}). Install "
                f"it in the environment of this project{how}"
            ) from error


def find_remote_files(pattern: str) -> list[str]:
    """Return the addresses that a pattern stands for, and keep their states.

    Raises:
        EventFileError: the store cannot be reached or asked, or gives no size for a file.
    """
    store = file_system(pattern)
    with explained_remotely(pattern):
        store.invalidate_cache()
        try:
            # A file of that very name wins, as on this machine.
            found = {pattern: store.info(pattern)}
        except FileNotFoundError:
            found = store.glob(pattern, detail=True) if glob.has_magic(pattern) else {}
    files = []
    for path, info in sorted(found.items()):
        url = store.unstrip_protocol(path)
        if info["type"] == "directory":
            if path == pattern:
                raise EventFileError(
                    f"events_path: '{url}' is a folder. Name its files, for example '{url}/*.json'."
                )
        elif info.get("size") is None:
            raise EventFileError(
                f"events_path: the server of '{url}' does not say how long the file is. Download "
                "it, and name that file."
            )
        else:
            _states[url] = _state(info)
            files.append(url)
    return files


def remote_state(url: str) -> str:
    """Return the text that changes with a file, as the last listing had it."""
    if url not in _states:
        with explained_remotely(url):
            _states[url] = _state(file_system(url).info(url))
    return _states[url]


def _state(info: dict[str, Any]) -> str:
    versions = [str(info[key]) for key in _VERSIONS if info.get(key)]
    # Where nothing tells whether a file has changed, it is read again in each build.
    return f"{info['size']} {versions[0] if versions else time.time_ns()}"


def is_remote_folder(url: str) -> bool:
    """Tell whether there is anything below an address; what may not be listed counts as nothing."""
    with explained_remotely(url):
        try:
            return file_system(url).isdir(url)
        except PermissionError:
            return False


def glob_remotely(pattern: str) -> list[str]:
    """Return what a pattern stands for; what may not be listed counts as nothing."""
    with explained_remotely(pattern):
        try:
            return file_system(pattern).glob(pattern)
        except PermissionError:
            return []


def open_remote_file(url: str) -> io.BufferedReader:
    """Open an address to read anywhere in it."""
    with explained_remotely(url):
        opened = file_system(url).open(url, "rb", block_size=_BLOCK_BYTES)
    return io.BufferedReader(_RemoteFile(opened, url), 64 * 1024)


class _RemoteFile(io.RawIOBase):
    """A file beyond this machine that says what happened where it cannot be read."""

    def __init__(self, file: Any, url: str) -> None:
        self._file, self._url = file, url

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with explained_remotely(self._url):
            return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        with explained_remotely(self._url):
            return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def explained_remotely(url: str) -> Iterator[None]:
    """Say which address cannot be reached; each store has errors of its own."""
    try:
        yield
    except EventFileError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EventFileError(
            f"events_path: cannot read '{url}': {reason}. Check the address, the network and the "
            "credentials."
        ) from error
