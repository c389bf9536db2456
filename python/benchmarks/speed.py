"""Where the time goes, side by side in one run: the notebook's steps, this project, and the limits.

``make bench`` runs it on samples of several sizes and on ``EVENTS`` where that is given, and writes
``docs/speed.md``. Each figure is the median of several runs of a process of its own; ratios come
first, for seconds are those of one machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from bootloader.sample_events import write_events

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SIZES = {50_000: 2, 1_000_000: 1}  # events, and how often each is measured
LARGE_SIZE = 10_000_000  # beside the limits of the machine: pandas would need more memory than most
LARGE_MEMORY = "2GB"
ADDED_SHARE = 0.01  # of the events, in a file that comes later

_TYPED = (
    "create table events as from read_json({path}, format = 'newline_delimited', columns = {{"
    "session_id: 'varchar', event_name: 'varchar', category: 'varchar', client_time: 'bigint', "
    "amount: 'double', age: 'varchar', gender: 'varchar', marital_status: 'varchar', "
    "device: 'varchar', location: 'struct(city varchar, state varchar, zip_code varchar, "
    "latitude double, longitude double)'}})"
)
_DUCKDB = (
    "import duckdb, sys; duckdb.connect(sys.argv[1], config={'threads': 2, 'memory_limit': "
    f"'{LARGE_MEMORY}'}}).execute(sys.argv[2])"
)


@dataclass(frozen=True)
class Measured:
    """What running a command took: seconds, and the most memory in MB."""

    seconds: float
    megabytes: float


def measure(command: list[str], environment: dict[str, str] | None = None) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the message has what it printed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  (the commands are those of this file)
        command,
        cwd=PROJECT,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command} failed:\n{output[-3000:]}")
    return Measured(time.perf_counter() - started, usage.ru_maxrss / 1024)


def commands(events: Path, folder: Path, *, whole: bool) -> dict[str, tuple[list[str], dict]]:
    """Return what is measured on a file of events, the peer before what is compared with it."""
    environment = {
        "BOOTLOADER_WAREHOUSE": str(folder / "warehouse.duckdb"),
        "BOOTLOADER_SERVING": str(folder / "serving.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    peer = [sys.executable, str(Path(__file__).with_name("notebook_peer.py")), str(events)]
    variables = ["--vars", json.dumps({"events_path": str(events)})]
    dbt = str(BIN / "dbt")
    chain = ["--select", "+user_category_actions"]
    wanted = {
        "notebook, to user x category": ([*peer, "--until", "user_category_actions"], {}),
        "dbt run, to user x category": ([dbt, "run", *chain, *variables], environment),
    }
    if whole:
        wanted |= {
            "notebook, all of it": (peer, {}),
            "dbt build, all of it": ([dbt, "build", "--full-refresh", *variables], environment),
            "dbt build, nothing new": ([dbt, "build", *variables], environment),
        }
    return wanted


def limits(events: Path, folder: Path) -> dict[str, tuple[list[str], dict]]:
    """Return what no reader of the file can beat: reading its bytes, its records, its values."""
    path = "'" + str(events) + "'"
    connect = [sys.executable, "-c", _DUCKDB]
    return {
        "one typed table of the events": (
            [*connect, str(folder / "typed.duckdb"), _TYPED.format(path=path)],
            {},
        ),
        "count(*) through read_json": (
            [*connect, ":memory:", f"select count(*) from read_json({path})"],
            {},
        ),
        "cat": (["bash", "-c", 'cat "$0" > /dev/null', str(events)], {}),
    }


def growth(folder: Path) -> list[tuple[str, Measured]]:
    """Measure a whole chain under a memory limit beside the limits, and again with a new file."""
    files, later = folder / "files", folder / "later.json"
    files.mkdir()
    write_events(files / "first.json", LARGE_SIZE, "ndjson")
    duckdb.execute(
        # Another action of the same users, a second later.
        "copy (select json_merge_patch(json, json_object('client_time', "
        "cast(json ->> 'client_time' as bigint) + 1)) from read_ndjson_objects($first) "
        "where hash(json) % $every = 0) "
        "to $later (format csv, header false, quote '', escape '', delimiter '\x01')",
        {
            "first": str(files / "first.json"),
            "later": str(later),
            "every": round(1 / ADDED_SHARE),
        },
    )
    measured = [
        (name, measure(*command)) for name, command in limits(files / "first.json", folder).items()
    ]
    (folder / "typed.duckdb").unlink()
    command, environment = commands(files / "*.json", folder, whole=False)[
        "dbt run, to user x category"
    ]
    environment |= {"BOOTLOADER_MEMORY_LIMIT": LARGE_MEMORY}
    for name in ("all files new", f"{ADDED_SHARE:.0%} more in a new file", "nothing new"):
        run = measure(command, environment)
        results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
        seconds = sum(result["execution_time"] for result in results)
        measured.append((f"dbt run, to user x category, {name}", run))
        measured.append(("of it the models", Measured(seconds, run.megabytes)))
        if later.exists():
            later.rename(files / "later.json")
    return measured


def rows(events: Path, times: int, *, whole: bool) -> list[tuple[str, Measured]]:
    """Measure all commands in turn, several times, and return the medians."""
    results: dict[str, list[Measured]] = {}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            for name, (command, environment) in commands(events, Path(folder), whole=whole).items():
                results.setdefault(name, []).append(measure(command, environment))
                say(f"{name}: {results[name][-1].seconds:.1f} s")
    return [
        (
            name,
            Measured(
                statistics.median(result.seconds for result in measured),
                max(result.megabytes for result in measured),
            ),
        )
        for name, measured in results.items()
    ]


def table(title: str, measured: list[tuple[str, Measured]], peer_name: str = "notebook") -> str:
    """Return the measurements as a table: each as a share of the peer's step before it."""
    lines = [
        f"## {title}",
        "",
        f"| | of the time of: {peer_name} | seconds | most memory (MB) |",
        "|---|---|---|---|",
    ]
    peer = measured[0][1]
    for name, result in measured:
        if name.startswith(peer_name):
            peer = result
        ratio = "1" if peer is result else f"{result.seconds / peer.seconds:.2f}"
        lines.append(f"| {name} | {ratio} | {result.seconds:.1f} | {result.megabytes:,.0f} |")
    return "\n".join(lines)


def say(text: str) -> None:
    """Show progress beside the table that is printed in the end."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def main() -> None:
    """Measure everything and write the page of the docs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", default=os.environ.get("EVENTS"), help="a file of your own")
    options = parser.parse_args()
    parts = []
    if options.events:
        path = Path(options.events).absolute()
        parts.append(table("Your events", rows(path, 3, whole=True)))
    with tempfile.TemporaryDirectory() as folder:
        for size, times in SIZES.items():
            path = Path(folder) / f"{size}.json"
            write_events(path, size, "object")
            say(f"{size:,} events, {path.stat().st_size / 2**20:,.0f} MB")
            measured = rows(path, times, whole=size <= 50_000)
            parts.append(table(f"{size:,} made-up events", measured))
            path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        measured = growth(Path(folder))
        title = f"{LARGE_SIZE:,} made-up events, DuckDB's memory limited to {LARGE_MEMORY}"
        parts.append(table(title, measured, "one typed table"))
    page = "# How fast is it?\n\n" + "\n\n".join(parts) + "\n"
    (PROJECT / "docs" / "speed.md").write_text(page)
    sys.stdout.write(page)


main()
