"""The files of a build in the DuckDB command line that people have today."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.build

# The newest command line on PyPI, which is older than the library that builds.
CLI = Path(sys.executable).with_name("duckdb")


@pytest.mark.parametrize("file", ["warehouse", "serving_copy"])
def test_the_command_line_opens_what_a_build_made(sample_build, file):
    """An analyst would be told that the file was written by a newer version of DuckDB."""
    question = (
        "select campaign, count(*) as users, round(sum(fund_probability), 6) as expected "
        "from campaign_audience group by campaign order by campaign"
    )
    answer = subprocess.run(
        [CLI, "-readonly", "-csv", getattr(sample_build, file), question],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    told = [tuple(row.values()) for row in csv.DictReader(io.StringIO(answer))]
    expected = sample_build.query(question).astype(str).itertuples(index=False, name=None)
    assert told == list(expected)
    assert len(told) == 6
