"""Connects this package to dbt-duckdb: what SQL alone cannot do becomes a function it can call."""

import logging
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.exceptions import FailedToConnectError
from duckdb import DuckDBPyConnection
from duckdb.func import ARROW
from duckdb.sqltypes import DOUBLE
from scipy.special import ndtr

from bootloader.event_files.answers import list_event_files, read_event_files
from bootloader.event_files.records_filesystem import RecordsFileSystem
from bootloader.files import remove_leftovers, replace_file
from bootloader.import_marts import import_marts
from bootloader.leftovers import note_leftovers
from bootloader.publishing import plan_publishing
from bootloader.quiet_exit import keep_exit_quiet
from bootloader.statement_progress import StatementProgress
from bootloader.variables import answer_variables, list_variables


class _DbtLogHandler(logging.Handler):
    """Shows what the package logs, such as training progress, in dbt's terminal and log file."""

    def __init__(self) -> None:
        super().__init__()
        self._dbt_logger = AdapterLogger("bootloader")

    def emit(self, record: logging.LogRecord) -> None:
        self._dbt_logger.info(self.format(record))


def check_warehouse(path: str, config: dict) -> None:
    """Open a warehouse and close it again.

    Raises:
        FailedToConnectError: it cannot be opened; the message says why and what to do, where dbt
            would show a stack trace.
    """
    try:
        duckdb.connect(path, config=config).close()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].split(" However, ")[0].rstrip(".!")
        if "lock on file" in reason:
            remedy = (
                "Wait for the other build, or close the SQL client or notebook that has it open; "
                "the app need not be closed."
            )
        elif isinstance(error, duckdb.IOException):
            remedy = (
                "Make sure that the disk has space and that you may write to the file, or name "
                "another file in BOOTLOADER_WAREHOUSE; a build creates it from scratch."
            )
        else:
            remedy = "Check BOOTLOADER_MEMORY_LIMIT, such as 2GB."
        raise FailedToConnectError(
            f"The warehouse '{path}' cannot be opened. {reason}. {remedy}"
        ) from error


def normal_cdf(deviation: pa.ChunkedArray) -> pa.Array:
    """Return the standard normal distribution at each number, which DuckDB does not know."""
    return pa.array(ndtr(deviation.to_numpy()))


class Plugin(BasePlugin):
    """Registered in ``profiles.yml``; dbt-duckdb calls it once for each connection."""

    def initialize(self, plugin_config: dict) -> None:
        self._progress = StatementProgress()
        package_logger = logging.getLogger("bootloader")
        package_logger.setLevel(logging.INFO)
        package_logger.propagate = False
        package_logger.handlers = [_DbtLogHandler()]

    def update_connection_config(self, creds: DuckDBCredentials, config: dict) -> None:
        check_warehouse(creds.path, config)

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        # Moments are UTC, whatever the machine's own time zone is. Among the profile's `settings`
        # it would be given before each statement, and end in a stack trace after a full disk.
        conn.execute("set global TimeZone = 'UTC'")
        conn.register_filesystem(RecordsFileSystem())
        for function in (
            list_variables, answer_variables, list_event_files, read_event_files, import_marts,
            note_leftovers, plan_publishing, replace_file, remove_leftovers,
        ):  # fmt: skip
            conn.create_function(function.__name__, function, side_effects=True)
        conn.create_function("normal_cdf", normal_cdf, [DOUBLE], DOUBLE, type=ARROW)

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        self._progress.add(cursor)


# A program that runs dbt in its own process keeps its error stream.
if Path(sys.argv[0]).name == "dbt":
    keep_exit_quiet()
