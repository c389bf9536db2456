"""Where the serving copy is, and how database files are replaced as a whole."""

import os
import shutil
from pathlib import Path


def serving_copy_path(folder: Path = Path()) -> Path:
    """Return ``BOOTLOADER_SERVING``, or ``serving.duckdb`` in a folder."""
    return Path(os.environ.get("BOOTLOADER_SERVING", folder / "serving.duckdb"))


def replace_file(source: str, destination: str) -> str:
    """Replace a closed database file with another one, atomically even if the power fails.

    The other one's permissions stay, and where it is a link, what it points to is replaced.

    Raises:
        RuntimeError: one of them has a write-ahead log, so it is not complete by itself.
    """
    destination = os.path.realpath(destination)
    for log in (source + ".wal", destination + ".wal"):
        if os.path.exists(log) and os.path.getsize(log):
            raise RuntimeError(f"'{log}' is not empty; '{destination}' stays as it was.")
    if os.path.exists(destination):
        shutil.copymode(destination, source)
    with open(source, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(source, destination)
    folder = os.open(Path(destination).absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return destination


def remove_leftovers(file: str) -> int:
    """Delete the unfinished files that killed builds left next to a file; return how many."""
    path = Path(file).absolute()
    leftovers = list(path.parent.glob(f"{path.name}.*.tmp*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)
