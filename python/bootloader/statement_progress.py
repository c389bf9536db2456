"""Say how far long SQL statements are, from a thread of its own."""

import logging
import threading
import time
import weakref

import duckdb

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_MESSAGES = 10

logger = logging.getLogger(__name__)


class StatementProgress:
    """Watches the cursors that it is given, and logs a line for a statement that takes long.

    A statement of less than ``SECONDS_BETWEEN_MESSAGES`` passes in silence, and one of an hour
    fills neither a terminal nor a log: there is a line only where another tenth is done. The thread
    that watches ends with the last cursor.
    """

    def __init__(self) -> None:
        # Weak, because a warehouse stays open as long as somebody holds a cursor of it.
        self._watched: list[tuple[weakref.ref[duckdb.DuckDBPyConnection], Statement]] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Watch a cursor until it is closed."""
        try:
            cursor.execute("set enable_progress_bar = true")
            cursor.execute("set enable_progress_bar_print = false")
        except duckdb.Error:
            return  # as after a full disk; the statement that comes next says it in dbt's own words
        with self._lock:
            self._watched.append((weakref.ref(cursor), Statement()))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name="statement progress", daemon=True
                )
                self._thread.start()

    def _watch(self) -> None:
        while True:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            with self._lock:
                self._watched = [watched for watched in self._watched if self._is_open(*watched)]
                if not self._watched:
                    self._thread = None
                    return

    def _is_open(
        self, reference: weakref.ref[duckdb.DuckDBPyConnection], statement: "Statement"
    ) -> bool:
        """Look at what a cursor runs, and return whether it may run anything more."""
        cursor = reference()
        if cursor is None:
            return False
        try:
            percent = cursor.query_progress()
        except duckdb.Error:  # it is closed
            return False
        if message := statement.message(percent, time.monotonic()):
            logger.info(message)
        return True


class Statement:
    """What is known of the statement that a cursor runs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._began: float | None = None
        self._percent, self._said_percent, self._said_at = 0.0, 0.0, 0.0

    def message(self, percent: float, now: float) -> str | None:
        """Return what to say, if anything.

        Args:
            percent: how much is done, below 0 where no statement runs or none can tell.
            now: seconds of a clock that only goes forward.
        """
        if percent < self._percent:  # another one
            self._start()
        if percent < 0:
            return None
        if self._began is None:
            self._began = self._said_at = now
        self._percent = percent
        is_due = now - self._said_at >= SECONDS_BETWEEN_MESSAGES
        if not is_due or percent - self._said_percent < 10:
            return None
        self._said_at, self._said_percent = now, percent
        return f"{percent:.0f}% of a statement done after {now - self._began:.0f} s"
