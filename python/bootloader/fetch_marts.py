"""Fetch the marts of a cluster as Parquet, where this machine does not see the cluster's storage.

They come over Spark Connect, in Arrow, a few of the cluster's files at a time. What is written is
the folder that the variable ``marts_at`` names: a folder for each table, and ``whole_marts`` last,
so that a build refuses what was fetched by half.
"""

import argparse
import logging
import os
import re
import socket
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf

logger = logging.getLogger(__name__)

# Written last and removed first: the tables that belong together, and how many rows each has.
WHOLE = "whole_marts"
# What one query brings, as it is in Parquet. In Arrow it is several times as much, which the
# cluster's driver and this machine hold at once; a driver allows 1 GB (spark.driver.maxResultSize).
BYTES_AT_ONCE = 32_000_000
_OWN_FILE = re.compile(r"part-\d+\.parquet(\.tmp)?")
_ANSWERS_WITHIN = 10  # seconds


class FetchError(Exception):
    """The marts were not fetched; the message says why and what to do about it."""


@contextmanager
def _session_on(remote: str) -> Iterator[SparkSession]:
    address = urlsplit(remote)
    try:
        # Left to itself, the client would try for many minutes.
        socket.create_connection(
            (address.hostname or "", address.port or 15002), _ANSWERS_WITHIN
        ).close()
    except (OSError, ValueError) as error:
        raise FetchError(
            f"no Spark Connect server answers at '{remote}' ({error}). Start it, or name another "
            "one in BOOTLOADER_SPARK_REMOTE, such as sc://cluster:15002."
        ) from error
    session = SparkSession.builder.remote(remote).create()
    try:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session
    finally:
        # One that is left open tries to take its leave of the server when Python ends.
        session.stop()


def fetch_marts(remote: str, schema: str, folder: Path) -> dict[str, int]:
    """Write the marts of a schema below a folder, in place of those that were fetched earlier.

    Args:
        remote: the Spark Connect server, ``sc://host:port``.
        schema: where the cluster has its tables.
        folder: made where it is missing; each table is ``<folder>/<table>/part-<n>.parquet``, with
            moments in UTC.

    Returns:
        How many rows each table has.

    Raises:
        FetchError: nobody answers, the schema has no whole marts, another build began meanwhile,
            or the folder holds files that no fetch wrote. Once a table has been replaced, there
            is no file in ``<folder>/whole_marts`` then.
        PySparkException: the cluster failed.
        OSError: a file cannot be written.
    """
    with _session_on(remote) as session:
        whole = _whole_marts(session, schema)
        rows = dict(zip(whole["mart"].to_pylist(), whole["row_count"].to_pylist(), strict=True))
        # Before any table is replaced, all of them are no longer whole.
        for name in (WHOLE, *rows):
            _clear(folder / name)
        for name, expected in rows.items():
            found = _fetch_table(session.table(f"`{schema}`.`{name}`"), folder / name)
            if found != expected:
                raise FetchError(
                    f"'{name}' has {found:,} rows, and {expected:,} when the build finished it: "
                    "the tables have changed meanwhile. Run dbt build --target spark to its end, "
                    "and fetch again."
                )
            logger.info("%-28s %12s rows", name, f"{found:,}")
        if not _whole_marts(session, schema).equals(whole):
            raise FetchError(
                f"another build has made the marts in '{schema}' anew meanwhile. Fetch them again."
            )
        _write(whole, folder / WHOLE / "part-0.parquet")
    return rows


def _whole_marts(session: SparkSession, schema: str) -> pa.Table:
    """Return what the last good build of the cluster wrote at its end, sorted by table."""
    try:
        whole = session.table(f"`{schema}`.`{WHOLE}`").toArrow()
    except PySparkException as error:
        if error.getCondition() not in ("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND"):
            raise
        raise FetchError(
            f"the schema '{schema}' holds no marts, or a build is making them or has not finished "
            "them. Run dbt build --target spark to its end, and fetch again."
        ) from error
    return whole.sort_by("mart")


def _clear(folder: Path) -> None:
    """Remove what an earlier fetch wrote, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(folder.iterdir())
    for file in files:
        if not _OWN_FILE.fullmatch(file.name):
            raise FetchError(
                f"'{folder}' holds '{file.name}', which no fetch wrote. Name another folder, one "
                "that is empty or that marts were fetched into before."
            )
    for file in files:
        file.unlink()


def _fetch_table(table: DataFrame, folder: Path) -> int:
    number = count()
    rows = 0
    for paths in _files_at_once(table):
        batch = table.where(sf.col("_metadata.file_path").isin(paths)).toArrow()
        _write(batch, folder / f"part-{next(number)}.parquet")
        rows += batch.num_rows
    if not rows:
        _write(table.limit(0).toArrow(), folder / f"part-{next(number)}.parquet")
    return rows


def _files_at_once(table: DataFrame) -> Iterator[list[str]]:
    """Return the files of a table in groups that one query brings."""
    files = (
        table.select(
            sf.col("_metadata.file_path").alias("path"), sf.col("_metadata.file_size").alias("size")
        )
        .distinct()
        .toArrow()
        .sort_by("path")
    )
    group = pc.cast(pc.floor(pc.divide(pc.cumulative_sum(files["size"]), BYTES_AT_ONCE)), "int64")
    grouped = files.append_column("group", group).group_by("group", use_threads=False)
    yield from grouped.aggregate([("path", "list")])["path_list"].to_pylist()


def _write(table: pa.Table, file: Path) -> None:
    """Write a file that is there whole or not at all."""
    unfinished = file.with_name(file.name + ".tmp")
    pq.write_table(table, unfinished)
    unfinished.replace(file)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; its help says what it takes. What it writes out is the folder."""
    beside_warehouse = Path(os.environ.get("BOOTLOADER_WAREHOUSE", "warehouse.duckdb")).parent
    parser = argparse.ArgumentParser(
        prog="python -m bootloader.fetch_marts",
        description="Fetch the marts that a build on a cluster made, for a build with marts_at.",
    )
    parser.add_argument(
        "--remote",
        default=os.environ.get("BOOTLOADER_SPARK_REMOTE", "sc://localhost:15002"),
        help="the Spark Connect server (%(default)s)",
    )
    parser.add_argument(
        "--schema",
        default=os.environ.get("BOOTLOADER_SPARK_SCHEMA", "bootloader"),
        help="where the cluster has its tables (%(default)s)",
    )
    parser.add_argument(
        "--into", type=Path, default=beside_warehouse / "marts", help="the folder (%(default)s)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    # What the client would write beside the one line that says what happened: its own record of an
    # error, and that it does not know this pandas, which nothing here uses.
    logging.getLogger("pyspark").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    folder = options.into.resolve()
    try:
        logger.info("Fetching the marts in '%s' into %s ...", options.schema, folder)
        fetch_marts(options.remote, options.schema, folder)
    except FetchError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    except PySparkException as error:
        reason = str(error).strip().splitlines()[0]
        parser.exit(
            1, f"{parser.prog}: the cluster failed to answer: {reason} See to it and fetch again.\n"
        )
    except OSError as error:
        parser.exit(1, f"{parser.prog}: cannot write below '{folder}': {error.strerror}\n")
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
