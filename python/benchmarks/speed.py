"""Where the time goes, side by side in one run: the notebook's steps, this project, and the limits.

``make bench`` runs it on samples of several sizes and on ``EVENTS`` where that is given, and writes
``docs/speed.md``; ``make bench-large`` does the largest sample alone, and writes
``docs/speed-large.md``. Figures beside the notebook's are medians of several runs up to 50,000
events; all others are of one. Each command is a process of its own. Ratios come first, for seconds
are those of one machine.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from bootloader.networks.training import bfloat16_is_faster, choose_device
from sample_events import write_events

PROJECT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SIZES = {50_000: 2, 1_000_000: 1}  # events, and how often each is measured
ADDED_SHARE = 0.01  # of the events, in a file that comes later
OBJECT_EVENTS, OBJECT_MEMORY = 4_500_000, "600MB"  # one object of 1.5 GB
VECTORS, VECTOR_LENGTH, CAMPAIGNS = 1_000_000, 358, 6


@dataclass(frozen=True)
class Scale:
    """Events that pandas has no room for, and what DuckDB may take for them.

    Attributes:
        events: how many, in one file of one event per line.
        memory: DuckDB's limit.
        disk_gigabytes: for the file, a typed table of it, the warehouse and what spills.
    """

    events: int
    memory: str
    disk_gigabytes: int


LARGE = Scale(10_000_000, "2GB", 8)
LARGEST = Scale(100_000_000, "4GB", 48)

_TYPED = (
    "create table events as from read_json({path}, format = 'newline_delimited', columns = {{"
    "session_id: 'varchar', event_name: 'varchar', category: 'varchar', client_time: 'bigint', "
    "amount: 'double', age: 'varchar', gender: 'varchar', marital_status: 'varchar', "
    "device: 'varchar', location: 'struct(city varchar, state varchar, zip_code varchar, "
    "latitude double, longitude double)'}})"
)
_DUCKDB = (
    "import duckdb, sys; duckdb.connect(sys.argv[1], "
    "config={'threads': 2, 'memory_limit': sys.argv[2]}).execute(sys.argv[3])"
)
# Linux counts the most memory of a process from what started it, so a bare interpreter does.
_RUN = """
import os, sys, time
started = time.perf_counter()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
exit_status = os.waitstatus_to_exitcode(status)
if exit_status:
    sys.exit(f"exit status {exit_status}")
print(f"\\n{time.perf_counter() - started} {usage.ru_maxrss}")
"""
_TRAIN = """
import sys, time, duckdb
from bootloader.networks.attribute_network import train_attribute_network
rows = duckdb.connect(sys.argv[1], read_only=True).execute(
    "from attribute_training_rows where cutoff = 0 order by session_id, category").df()
started = time.perf_counter()
train_attribute_network(rows, 42)
print(time.perf_counter() - started)
"""


@dataclass(frozen=True)
class Measured:
    """What running a command took: seconds, and the most memory in MB; and what it printed."""

    seconds: float
    megabytes: float | None = None
    output: str = ""


def measure(command: list[str], environment: dict[str, str] | None = None) -> Measured:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed; the message has what it printed.
    """
    run = subprocess.run(  # noqa: S603  (the commands are those of this file)
        [sys.executable, "-c", _RUN, *command],
        cwd=PROJECT,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(f"{command} failed:\n{run.stdout[-3000:]}")
    output, _, last = run.stdout.rstrip().rpartition("\n")
    seconds, kilobytes = last.split()
    return Measured(float(seconds), float(kilobytes) / 1024, output)


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
            "the notebook on one thread, all of it": (peer, {"OMP_NUM_THREADS": "1"}),
            "dbt build, all of it": ([dbt, "build", "--full-refresh", *variables], environment),
            "dbt build, nothing new": ([dbt, "build", *variables], environment),
        }
    return wanted


def limits(events: Path, folder: Path, memory: str) -> dict[str, tuple[list[str], dict]]:
    """Return what no reader of the file can beat: reading its bytes, its records, its values."""
    path = "'" + str(events) + "'"
    connect = [sys.executable, "-c", _DUCKDB]
    return {
        "one typed table of the events": (
            [*connect, str(folder / "typed.duckdb"), memory, _TYPED.format(path=path)],
            {},
        ),
        "count(*) through read_json": (
            [*connect, ":memory:", memory, f"select count(*) from read_json({path})"],
            {},
        ),
        "cat": (["bash", "-c", 'cat "$0" > /dev/null', str(events)], {}),
    }


def models_of(folder: Path) -> float:
    """Return the seconds that the models of the last run took, without dbt's own start."""
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return sum(result["execution_time"] for result in results)


def growth(folder: Path, scale: Scale) -> list[tuple[str, Measured]]:
    """Measure a whole chain under a memory limit beside the limits, and again with a new file.

    Raises:
        SystemExit: the disk has too little room; the message says how much it takes.
    """
    free = shutil.disk_usage(folder).free / 1e9
    if free < scale.disk_gigabytes:
        raise SystemExit(
            f"{scale.events:,} events need {scale.disk_gigabytes} GB of disk in {folder}, and "
            f"{free:.0f} GB are free. Make room, or set TMPDIR to a folder on a larger disk."
        )
    files, later = folder / "files", folder / "later.json"
    files.mkdir()
    write_events(files / "first.json", scale.events, "ndjson")
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
    later_bytes = later.stat().st_size
    measured = []
    for name, command in limits(files / "first.json", folder, scale.memory).items():
        say(name)
        measured.append((name, measure(*command)))
    (folder / "typed.duckdb").unlink()
    command, environment = commands(files / "*.json", folder, whole=False)[
        "dbt run, to user x category"
    ]
    environment |= {"BOOTLOADER_MEMORY_LIMIT": scale.memory}
    for name, happens in {
        "all files new": lambda: None,
        f"{ADDED_SHARE:.0%} more in a new file": lambda: later.rename(files / later.name),
        "that file changed": lambda: os.truncate(files / later.name, later_bytes // 2),
        "nothing new": lambda: None,
    }.items():
        say(name)
        happens()
        run = measure(command, environment)
        measured.append((f"dbt run, to user x category, {name}", run))
        measured.append(("of it the models", Measured(models_of(folder))))
    return measured


def one_object(folder: Path) -> list[tuple[str, Measured]]:
    """Measure how one ``{"data": [...]}`` of 1.5 GB is read and validated in little memory."""
    path = folder / "object.json"
    write_events(path, OBJECT_EVENTS, "object")
    _, environment = commands(path, folder, whole=False)["dbt run, to user x category"]
    environment |= {"BOOTLOADER_MEMORY_LIMIT": OBJECT_MEMORY}
    variables = ["--vars", json.dumps({"events_path": str(path)})]
    dbt = [str(BIN / "dbt"), "run", "--select", "+validated_records", *variables]
    cat = ["bash", "-c", 'cat "$0" > /dev/null', str(path)]
    return [("cat", measure(cat)), ("dbt run, to validated records", measure(dbt, environment))]


def similarities() -> list[tuple[str, Measured]]:
    """Measure the similarities of a million users to the references of all campaigns at once.

    It is the statement of ``best_funder_similarities``, on vectors of random numbers.
    """
    model = (PROJECT / "models" / "lookalikes" / "best_funder_similarities.sql").read_text()
    statement = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", model)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(
            "create table cutoff_user_embeddings as select 0 as cutoff, "
            "cast(number as varchar) as session_id, "
            f"list_transform(range({VECTOR_LENGTH}), lambda x: (random() - 0.5)::float) "
            "as embedding "
            f"from range({VECTORS}) as numbers (number)"
        )
        connection.execute(
            "create table campaign_references as select 0 as cutoff, "
            "cast(number as varchar) as campaign, cast(number as varchar) as reference_session_id "
            f"from range({CAMPAIGNS}) as numbers (number)"
        )

        def seconds(sql: str) -> float:
            started = time.perf_counter()
            connection.execute(sql).fetchall()
            return time.perf_counter() - started

        summed = "select sum(list_sum(embedding)) from cutoff_user_embeddings"
        compared = f"select count(*), sum(similarity) from ({statement})"
        pairs = [(seconds(summed), seconds(compared)) for _ in range(3)]
    return [
        (name, Measured(statistics.median(times)))
        for name, times in zip(
            ("the sum of all vectors", f"similarities to {CAMPAIGNS} campaigns' references"),
            zip(*pairs, strict=True),
            strict=True,
        )
    ]


def where_time_goes(folder: Path) -> list[tuple[str, Measured]]:
    """Build everything once, and return what each kind of step took of both threads' time."""
    events = folder / "events.json"
    write_events(events, min(SIZES), "object")
    command, environment = commands(events, folder, whole=True)["dbt build, all of it"]
    whole = measure(command, environment)
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    parts: dict[str, float] = {}
    for result in results:
        kind, _, name = result["unique_id"].split(".")[:3]
        if kind in ("test", "operation"):
            part = {"test": "data tests", "operation": "serving copy and other hooks"}[kind]
        elif name in ("attribute_network", "fund_network"):
            part = "training"
        else:
            layer = next(PROJECT.glob(f"models/*/{name}.*"), Path("seeds/x")).parent.name
            part = f"models and seeds: {layer}"
        parts[part] = parts.get(part, 0) + result["execution_time"]
    ends = [
        datetime.fromisoformat(timing[moment])
        for result in results
        for timing in result["timing"]
        for moment in ("started_at", "completed_at")
    ]
    running = (max(ends) - min(ends)).total_seconds()
    parts["dbt's start: imports, parsing, connecting"] = whole.seconds - running
    return [("dbt build, all of it", whole)] + [
        (name, Measured(seconds))
        for name, seconds in sorted(parts.items(), key=lambda part: -part[1])
    ]


def rows(events: Path, times: int, *, whole: bool) -> list[tuple[str, Measured]]:
    """Measure all commands in turn, several times, and return the medians."""
    results: dict[str, list[Measured]] = {}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            for name, (command, environment) in commands(events, Path(folder), whole=whole).items():
                run = measure(command, environment)
                say(f"{name}: {run.seconds:.1f} s")
                results.setdefault(name, []).append(run)
                for part, measured in parts_of(run, name, Path(folder)).items():
                    results.setdefault(part, []).append(measured)
    return [
        (
            name,
            Measured(
                statistics.median(result.seconds for result in measured),
                max((result.megabytes for result in measured if result.megabytes), default=None),
            ),
        )
        # What is part of a run comes after the runs.
        for name, measured in sorted(results.items(), key=lambda item: "training" in item[0])
    ]


def parts_of(run: Measured, name: str, folder: Path) -> dict[str, Measured]:
    """Return what is measured of a run beside the whole of it: the models, and the training."""
    if "to user x category" in name and name.startswith("dbt"):
        return {"of it the models": Measured(models_of(folder))}
    if "notebook" in name and name.endswith("all of it"):
        took = json.loads(run.output.splitlines()[-1])["seconds"]
        return {name.replace("all of it", "its training"): Measured(took["train"])}
    if name == "dbt build, all of it":
        alone = measure([sys.executable, "-c", _TRAIN, str(folder / "warehouse.duckdb")])
        seconds = float(alone.output.splitlines()[-1])
        bits = 16 if bfloat16_is_faster(choose_device()) else 32
        label = f"the same training here, on one thread, with products of {bits} bits"
        return {label: Measured(seconds, alone.megabytes)}
    return {}


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
        memory = "" if result.megabytes is None else f"{result.megabytes:,.0f}"
        lines.append(f"| {name} | {ratio} | {result.seconds:.1f} | {memory} |")
    return "\n".join(lines)


def say(text: str) -> None:
    """Show progress beside the table that is printed in the end."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def grown(scale: Scale) -> str:
    """Return the table of events that pandas has no room for."""
    with tempfile.TemporaryDirectory() as folder:
        title = f"{scale.events:,} made-up events, DuckDB's memory limited to {scale.memory}"
        return table(title, growth(Path(folder), scale), "one typed table")


def compared_with_notebook(your_events: str | None) -> Iterator[str]:
    """Yield the tables of events that the notebook's own steps can be measured on."""
    if your_events:
        yield table("Your events", rows(Path(your_events).absolute(), 3, whole=True))
    with tempfile.TemporaryDirectory() as folder:
        for size, times in SIZES.items():
            path = Path(folder) / f"{size}.json"
            write_events(path, size, "object")
            say(f"{size:,} events, {path.stat().st_size / 2**20:,.0f} MB")
            measured = rows(path, times, whole=size <= min(SIZES))
            yield table(f"{size:,} made-up events", measured)
            path.unlink()
        title = f"Where a build of {min(SIZES):,} events spends the time of its two threads"
        yield table(title, where_time_goes(Path(folder)), "dbt build")


def main() -> None:
    """Measure everything and write the page of the docs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", default=os.environ.get("EVENTS"), help="a file of your own")
    parser.add_argument("--largest", action="store_true", help="the largest sample, nothing else")
    options = parser.parse_args()
    if options.largest:
        name, parts = "speed-large.md", [grown(LARGEST)]
    else:
        name, parts = "speed.md", list(compared_with_notebook(options.events))
        parts.append(grown(LARGE))
        with tempfile.TemporaryDirectory() as folder:
            title = f"One object of {OBJECT_EVENTS:,} events, memory limited to {OBJECT_MEMORY}"
            parts.append(table(title, one_object(Path(folder)), "cat"))
        title = f"{VECTORS:,} users' vectors of {VECTOR_LENGTH} numbers"
        parts.append(table(title, similarities(), "the sum"))
    page = "# How fast is it?\n\n" + "\n\n".join(parts) + "\n"
    (PROJECT / "docs" / name).write_text(page)
    sys.stdout.write(page)


main()
