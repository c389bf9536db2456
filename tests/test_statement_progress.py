"""What a build says of a statement that takes long."""

import duckdb
import pytest
from bootloader import statement_progress
from bootloader.statement_progress import Statement, StatementProgress

pytestmark = pytest.mark.unit


def messages(percents: list[float]) -> list[str]:
    """Return what is said of a statement that is looked at each second."""
    statement = Statement()
    said = [statement.message(percent, now) for now, percent in enumerate(percents)]
    return [text for text in said if text]


def test_a_long_statement_says_how_far_it_is_and_floods_no_log():
    """Somebody who reads a month of events would not know whether anything happens."""
    assert messages([0, *range(1, 11)]) == ["10% of a statement done after 10 s"]
    an_hour = [second / 36 for second in range(3600)]
    assert len(messages(an_hour)) == 9


def test_a_short_statement_and_one_that_cannot_tell_pass_in_silence():
    """The log of a build of seconds would be full of percentages, or of a statement before."""
    assert messages([-1] * 60) == []
    assert messages([0, 50, 99, -1] * 20) == []
    assert messages([0, 30, 60, 90, 5, 20, 50, 80] * 5) == []


def test_watching_ends_with_the_last_cursor(monkeypatch):
    """A process that builds every hour would gather a thread with each build."""
    monkeypatch.setattr(statement_progress, "SECONDS_BETWEEN_LOOKS", 0.01)
    progress = StatementProgress()
    with duckdb.connect() as connection:
        for _ in range(2):
            cursor = connection.cursor()
            progress.add(cursor)
            thread = progress._thread
            cursor.close()
            thread.join(timeout=60)
            assert not thread.is_alive()
