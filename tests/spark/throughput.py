"""Measure how many events per second DuckDB, and clusters of one and two workers, make into marts.

Run by ``make bench-spark``. All of them read the same events in one run, on one machine: that
tells how the work divides, and not how fast a real cluster is. The figures are in docs/scale.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cluster import Cluster
from pyarrow import parquet

PROJECT = Path(__file__).parents[2]
DBT = Path(sys.executable).with_name("dbt")
SQL_MODELS = ("--resource-type", "model", "--resource-type", "seed", "--select",
              "path:models/ingest", "path:models/profiles", "path:models/quality",
              "user_category_features", "campaigns", "excluded_users",
              "rejection_reasons")  # fmt: skip


def build(folder: Path, events: Path, *arguments: str, **environment: str) -> tuple[float, dict]:
    """Make the marts; return the seconds it took, and those of each table."""
    folder.mkdir()
    started = time.monotonic()
    ended = subprocess.run(
        [DBT, "build", *SQL_MODELS, *arguments, "--vars", json.dumps({"events_path": str(events)})],
        cwd=PROJECT,
        env=os.environ
        | {
            "BOOTLOADER_WAREHOUSE": str(folder / "warehouse.duckdb"),
            "BOOTLOADER_SERVING": str(folder / "serving.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    seconds = time.monotonic() - started
    if ended.returncode:
        sys.exit(ended.stdout)
    results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
    return seconds, {
        result["unique_id"].split(".")[-1]: result["execution_time"]
        for result in results
        if result["unique_id"].startswith("model.")
    }


def say(line: str) -> None:
    """Write a line at once: the next one may take minutes."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def report(name: str, events: int, seconds: float, tables: dict[str, float]) -> None:
    """Say what one build took."""
    say(f"{name}: {seconds:.1f} s, {events / seconds:,.0f} events/s")
    say(f"  in tables {sum(tables.values()):.1f} s, the slowest of them:")
    for table, taken in sorted(tables.items(), key=lambda item: -item[1])[:6]:
        say(f"  {table:24} {taken:6.1f} s")


def report_sizes(cluster: Cluster) -> None:
    """Say how large each table of a cluster is, and what was sent between executors for it."""
    shuffled = cluster.shuffled_bytes()
    say(f"  {'table':26} {'rows':>12} {'MB of Parquet':>14} {'MB shuffled':>12}")
    for folder in sorted(cluster.warehouse.glob("*.db/*")):
        files = list(folder.rglob("*.parquet"))
        rows = sum(parquet.read_metadata(file).num_rows for file in files)
        stored = sum(file.stat().st_size for file in files) / 1e6
        moved = shuffled[folder.name] / 1e6
        say(f"  {folder.name:26} {rows:12,} {stored:14,.1f} {moved:12,.1f}")


def main() -> None:
    """Make events, and make marts of them three times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events = folder / "events.json"
        subprocess.run(
            [sys.executable, "-m", "sample_events", "--events", str(arguments.events),
             "--layout", "ndjson", "--output", events],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        report("DuckDB", arguments.events, *build(folder / "duckdb", events))
        for workers in (1, 2):
            with Cluster(
                Path(os.environ["BOOTLOADER_SPARK_HOME"]), folder / f"cluster-{workers}", workers
            ) as cluster:
                seconds, tables = build(
                    folder / f"spark-{workers}", events, "--target", "spark",
                    BOOTLOADER_SPARK_REMOTE=cluster.remote,
                )  # fmt: skip
                report(f"Spark, workers of one core: {workers}", arguments.events, seconds, tables)
        report_sizes(cluster)


if __name__ == "__main__":
    main()
