"""What goes wrong during builds, done for real: once by a test, many times by the soak."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from compare import Contents, contents
from conftest import Build


def served(build: Build) -> tuple[str, Contents]:
    """Return which build the app would show, and the contents of each of its tables."""
    with duckdb.connect(build.serving_copy, read_only=True) as copy:
        build_id = copy.execute("select build_id from build").fetchone()[0]
    return build_id, contents(build.serving_copy)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a file system of so many megabytes; needs root.

    Raises:
        PermissionError: this process may not mount.
    """
    folder.mkdir(exist_ok=True)
    size = f"size={megabytes}m"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False)
    if mounted.returncode:
        raise PermissionError(f"no file system can be mounted at {folder}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill_disk(folder: Path, leave_megabytes: float) -> Path:
    """Fill a small disk but for so many megabytes, and return the file that takes the room."""
    filler = folder / "filler"
    free = shutil.disk_usage(folder).free
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - int(leave_megabytes * 2**20)))
    return filler


@contextmanager
def open_elsewhere(build: Build) -> Iterator[None]:
    """Hold the warehouse open in another process, as an SQL client does."""
    code = (
        "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); "
        "print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, build.warehouse],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as client:
        assert client.stdout.readline() == b"open\n"
        yield
        client.stdin.close()


def with_failing_model(build: Build, model: str) -> Build:
    """Return the build with a copy of the project in which a Python model fails."""
    build = build.with_own_project()
    path = build.project / model
    head, found, body = path.read_text().partition("def model(dbt, session):\n")
    assert found, f"{model} has no model function"
    path.write_text(f'{head}{found}    raise RuntimeError("no such luck")\n{body}')
    return build
