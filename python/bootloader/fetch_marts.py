"""Fetch the marts of a cluster as Parquet, where this machine does not see the cluster's storage.

They come over Spark Connect, in Arrow, a few of the cluster's files at a time. The result is the
folder that ``dbt run-operation import_marts`` reads, with a folder for each table. It has the name
of the cluster's build and appears only when it is complete; marts that a build is reading stay.
"""

import argparse
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
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

# Which tables belong together, how many rows each has, and which build made them.
WHOLE = "marts_manifest"
# The cluster says what they are called, and folders are called after them.
_TABLE = re.compile(r"[a-z][a-z0-9_]*")
_BUILD = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# How much Parquet one query fetches. In Arrow it is several times as large, and both the cluster's
# driver and this machine hold it in memory; a driver allows 1 GB (spark.driver.maxResultSize).
BYTES_AT_ONCE = 32_000_000
_ANSWERS_WITHIN = 10  # seconds


class FetchError(Exception):
    """The marts were not fetched; the message says why and what to do about it."""


@contextmanager
def _session_on(remote: str) -> Iterator[SparkSession]:
    address = urlsplit(remote)
    # Without what comes after it, which may be a token.
    server = f"{address.hostname}:{address.port or 15002}"
    try:
        # By default, the client retries for many minutes.
        socket.create_connection(
            (address.hostname or "", address.port or 15002), _ANSWERS_WITHIN
        ).close()
    except (OSError, ValueError) as error:
        raise FetchError(
            f"no Spark Connect server answers at '{server}' ({error}). Start it, or name another "
            "one in BOOTLOADER_SPARK_REMOTE, such as sc://cluster:15002."
        ) from error
    session = SparkSession.builder.remote(remote).create()
    try:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        yield session
    finally:
        # Otherwise it contacts the server again when Python exits.
        session.stop()


def fetch_marts(remote: str, schema: str, into: Path) -> Path:
    """Write the marts of a schema to a folder of their own, unless it exists already.

    The marts of the fetch before are kept, because a build may be reading them; older ones are
    deleted.

    Args:
        remote: the Spark Connect server, ``sc://host:port``.
        schema: where the cluster has its tables.
        into: where the folder is made; each table is ``<into>/<build>/<table>/part-<n>.parquet``,
            with moments in UTC.

    Returns:
        The folder ``<into>/<build>``.

    Raises:
        FetchError: no server answers, the schema has no complete marts, or another build started
            meanwhile. No partial folder is left behind.
        PySparkException: the cluster failed.
        OSError, pa.ArrowException: a file cannot be written.
    """
    with _session_on(remote) as session:
        whole = _whole_marts(session, schema)
        folder = into / whole["build_id"][0].as_py()
        if folder.exists():
            logger.info("They were fetched before.")
            return folder
        into.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=into))
        try:
            for mart in whole.select(["mart", "row_count"]).to_pylist():
                _fetch_mart(session, schema, mart["mart"], mart["row_count"], unfinished)
            _write(whole, unfinished / WHOLE / "part-0.parquet")
            if not _whole_marts(session, schema).equals(whole):
                raise FetchError(
                    f"another build has replaced the marts in '{schema}' during the fetch. "
                    "Fetch them again."
                )
            _remove_old_marts(into)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


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
    names = whole["mart"].to_pylist()
    builds = set(whole["build_id"].to_pylist())
    if len(builds) != 1 or not _BUILD.fullmatch(*builds) or not all(map(_TABLE.fullmatch, names)):
        raise FetchError(
            f"the table '{WHOLE}' in '{schema}' is not one that a build of this project wrote. "
            "Run dbt build --target spark to its end, and fetch again."
        )
    return whole.sort_by("mart")


def _fetch_mart(session: SparkSession, schema: str, name: str, expected: int, into: Path) -> None:
    found = _fetch_table(session.table(f"`{schema}`.`{name}`"), into / name)
    if found != expected:
        raise FetchError(
            f"'{name}' has {found:,} rows, and {expected:,} when the build finished it: the tables "
            "have changed meanwhile. Run dbt build --target spark to its end, and fetch again."
        )
    logger.info("%-28s %12s rows", name, f"{found:,}")


def _remove_old_marts(into: Path) -> None:
    """Delete the marts of earlier fetches, except the latest."""
    earlier = [
        folder for folder in into.iterdir() if _BUILD.fullmatch(folder.name) and folder.is_dir()
    ]
    for folder in sorted(earlier, key=lambda folder: folder.stat().st_mtime)[:-1]:
        shutil.rmtree(folder)


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
    file.parent.mkdir(exist_ok=True)
    pq.write_table(table, file)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. It prints the folder with the marts."""
    beside_warehouse = Path(os.environ.get("BOOTLOADER_WAREHOUSE", "warehouse.duckdb")).parent
    parser = argparse.ArgumentParser(
        prog="python -m bootloader.fetch_marts",
        description="Fetch the marts that a build on a cluster made, and print their folder.",
    )
    parser.add_argument(
        "--remote",
        default=os.environ.get("BOOTLOADER_SPARK_REMOTE", "sc://localhost:15002"),
        help="the Spark Connect server (BOOTLOADER_SPARK_REMOTE, or sc://localhost:15002)",
    )
    parser.add_argument(
        "--schema",
        default=os.environ.get("BOOTLOADER_SPARK_SCHEMA", "bootloader"),
        help="where the cluster has its tables (%(default)s)",
    )
    parser.add_argument(
        "--into",
        type=Path,
        default=beside_warehouse / "marts",
        help="where the folder with them is made (%(default)s)",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    # One line says what happened. Without this, the client also logs the error itself, and warns of
    # a pandas that nothing here uses.
    logging.getLogger("pyspark").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    into = options.into.resolve()
    try:
        logger.info("Fetching the marts in '%s' into %s ...", options.schema, into)
        folder = fetch_marts(options.remote, options.schema, into)
    except FetchError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    except PySparkException as error:
        reason = str(error).strip().splitlines()[0]
        parser.exit(
            1, f"{parser.prog}: the cluster failed: {reason} Fix it there and fetch again.\n"
        )
    except (OSError, pa.ArrowException) as error:
        parser.exit(1, f"{parser.prog}: cannot write below '{into}': {error}\n")
    sys.stdout.write(f"{folder}\n")


if __name__ == "__main__":
    main()
