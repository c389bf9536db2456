"""Reaches event files beyond this machine, such as ``s3://bucket/day.json``, through fsspec.

Credentials come from where the package of the file system looks for them, such as AWS_PROFILE.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import fsspec
from fsspec import AbstractFileSystem

from bootloader.event_files.errors import EventFileError

# What the listing of a store calls the version or the last change of a file.
_VERSIONS = ("ETag", "etag", "LastModified", "last_modified", "updated", "mtime", "created")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "az": "az", "abfs": "az",
           "abfss": "az", "http": "https", "https": "https"}  # fmt: skip


def is_remote(path: str) -> bool:
    """Tell addresses from paths on this machine."""
    return "://" in path


def file_system(url: str) -> AbstractFileSystem:
    """Return what reaches an address.

    Raises:
        EventFileError: there is no such file system, or its package is not installed.
    """
    protocol = url.partition("://")[0]
    try:
        return fsspec.filesystem(protocol)
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        how = f"python -m pip install '.[{extra}]'" if extra else str(error)
        raise EventFileError(
            f"events_path: '{url}' needs a package that is not installed. Install it with: {how}"
        ) from error
    except ValueError as error:
        raise EventFileError(
            f"events_path: '{url}': {error}. Give a path, or an address such as s3://, gs://, "
            "az:// or https://."
        ) from error


def find_remote_files(pattern: str) -> dict[str, str]:
    """Return the addresses that a pattern stands for, each with a text that changes with the file.

    Raises:
        EventFileError: the store cannot be reached or asked, or gives no size for a file.
    """
    store = file_system(pattern)
    with explained_remotely(pattern):
        store.invalidate_cache()
        # A file of that very name wins, as on this machine.
        is_name = store.isfile(pattern)
        found = {pattern: store.info(pattern)} if is_name else store.glob(pattern, detail=True)
    files = {}
    for path, info in sorted(found.items()):
        url = store.unstrip_protocol(path)
        if info["type"] == "directory":
            if url.rstrip("/") == pattern.rstrip("/"):
                raise EventFileError(
                    f"events_path: '{url}' is a folder. Name its files, for example '{url}/*.json'."
                )
            continue
        if info.get("size") is None:
            raise EventFileError(
                f"events_path: the server of '{url}' does not say how long the file is. Download "
                "it, and name that file."
            )
        files[url] = _state(info)
    return files


def remote_state(url: str) -> str:
    """Return the text that changes with a file, as the last listing had it."""
    with explained_remotely(url):
        return _state(file_system(url).info(url))


def _state(info: dict[str, Any]) -> str:
    versions = [str(info[key]) for key in _VERSIONS if info.get(key)]
    # Where nothing tells whether a file has changed, it is read again in each build.
    return f"{info['size']} {versions[0] if versions else time.time_ns()}"


def open_remote_file(url: str) -> BinaryIO:
    """Open an address to read anywhere in it."""
    with explained_remotely(url):
        opened: Any = file_system(url).open(url, "rb")
    return opened


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
