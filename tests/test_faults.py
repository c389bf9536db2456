"""A build goes wrong: it says what to do, the app keeps what it had, the next one works."""

import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import WITHOUT_UNIT_TESTS, Build
from faults import fill_disk, open_elsewhere, served, small_disk, with_failing_model

pytestmark = pytest.mark.fault


def fails(build: Build, message: str) -> None:
    """Fail the test unless the build stopped with the message and without a stack trace."""
    build.fails(message)
    assert "Traceback" not in build.output


@pytest.mark.slow
def test_a_second_build_is_rejected_and_a_killed_one_leaves_no_harm(published):
    """Two nightly builds would spoil each other's tables, or a power cut end the service."""
    before = served(published)
    with published.start("build", "--full-refresh") as first:
        while "START" not in first.stdout.readline():
            pass
        second = replace(published, environment={"DBT_TARGET_PATH": str(published.folder / "2")})
        fails(second.dbt("run"), "Wait for the other build")
        assert first.poll() is None
        first.kill()
    assert served(published) == before
    published.dbt("run").succeeds()
    after = served(published)
    assert after[0] != before[0] and after[1] == before[1]


def test_an_open_sql_client_is_named_as_what_is_in_the_way(published):
    """An analytics engineer would get a stack trace for what an analyst forgot to close."""
    before = served(published)
    with open_elsewhere(published):
        fails(published.dbt("build"), "close the SQL client or notebook")
    assert served(published) == before


@pytest.mark.parametrize(
    "content, limit, message",
    [
        (b"no database", "1GB", "is not a valid DuckDB database file"),
        (None, "much", "Check BOOTLOADER_MEMORY_LIMIT, such as 2GB"),
    ],
)
def test_a_warehouse_that_cannot_be_opened_gets_one_message(tmp_path, content, limit, message):
    """A slip in a setting would end in a stack trace."""
    build = Build(tmp_path, environment={"BOOTLOADER_MEMORY_LIMIT": limit})
    if content:
        build.warehouse.write_bytes(content)
    fails(build.dbt("build"), message)


def test_too_little_memory_stops_the_build_and_not_the_service(published):
    """A busy machine would take the map away."""
    before = served(published)
    starved = replace(published, environment={"BOOTLOADER_MEMORY_LIMIT": "30MB"})
    fails(starved.dbt("build", "--full-refresh"), "Increasing the memory limit")
    assert served(published) == before


@pytest.mark.slow
def test_a_full_disk_stops_the_build_and_the_next_one_recovers(sample_build, tmp_path):
    """Somebody would have to repair the warehouse by hand at night, or the map would be gone."""
    disk = tmp_path / "disk"
    try:
        with small_disk(disk, 300):
            build = Build(disk)
            build.serving_copy.write_bytes(sample_build.serving_copy.read_bytes())
            before = served(build)
            filler = fill_disk(disk, leave_megabytes=12)
            # Which model meets the end of the disk differs; dbt shows a Python model's trace.
            build.dbt(*WITHOUT_UNIT_TESTS).fails("No space left on device")
            assert served(build) == before
            filler.unlink()
            build.dbt(*WITHOUT_UNIT_TESTS).succeeds()
            assert served(build)[1] == before[1]
    except PermissionError as error:
        pytest.skip(str(error))


def test_a_failing_python_model_is_named_and_leaves_the_last_good_copy(published):
    """A mistake in a network would take the map away."""
    before = served(published)
    failed = with_failing_model(published, "models/lookalikes/attribute_network.py").dbt("run")
    failed.fails("attribute_network", "no such luck")
    assert served(published) == before


def test_a_program_that_runs_dbt_keeps_its_error_stream():
    """An orchestrator would lose the last words of its log."""
    program = (
        "import atexit, sys; atexit.register(lambda: print('last words', file=sys.stderr)); "
        "import bootloader.dbt_plugin"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "last words" in ended.stderr
