"""The files of a build in the DuckDB command line that people have today."""

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
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


def public_columns(build, condition: str) -> list[tuple[str, str]]:
    """Return the table and the name of each public column that fits."""
    with build.connection() as connection:
        return connection.execute(
            "select table_name, column_name from duckdb_columns() "
            f"where schema_name = 'main' and not internal and {condition} order by all"
        ).fetchall()


def test_counts_stay_whole_numbers_in_every_client(sample_build):
    """An analyst would see counts as 2616.0: pandas has no whole number of 128 bits."""
    assert public_columns(sample_build, "data_type = 'BIGINT'")
    assert public_columns(sample_build, "data_type like '%HUGEINT%'") == []


# They say percentile and mean a share, for one more version.
DEPRECATED = {
    ("campaign_audience", "audience_percentile"): "audience_share",
    ("funder_look_alikes", "similarity_percentile"): "similarity_share",
    ("similar_users", "similarity_percentile"): "similarity_share",
}


def test_a_name_says_whether_a_part_is_a_share_or_a_percent(sample_build):
    """An analyst who asks for the first 25 percent would get everybody."""
    shares = public_columns(sample_build, "regexp_matches(column_name, '_share$|^share_of_')")
    # A number such as `pushes_for_5_percent` counts something else.
    percents = public_columns(sample_build, "regexp_matches(column_name, '[a-z]_percent$')")
    assert shares and percents
    for columns, most in ((shares, 1), (percents, 100)):
        for table, column in columns:
            values = sample_build.query(f"select {column} from {table}")[column].dropna()
            assert values.between(0, most).all(), (table, column)
            # A share would pass for a percent.
            assert values.empty or most == 1 or values.max() > 1, (table, column)
    assert set(public_columns(sample_build, "column_name like '%percentile%'")) == set(DEPRECATED)
    for (table, former), column in DEPRECATED.items():
        assert sample_build.value(f"select bool_and({former} = {column}) from {table}"), table


CALLS = {
    "users_similar_to": "select session_id, round(similarity, 3) from {}users_similar_to('{}')",
    "look_alikes_of": "select session_id, round(similarity, 3) from {}look_alikes_of(['{}'])",
}
# A question may call its own steps as the functions call their tables.
WITH_NAMES_OF_TABLES = "with users as (select 1), user_embeddings as (select 2) "


@pytest.fixture(scope="module", params=["warehouse", "serving_copy"])
def renamed(request, sample_build, tmp_path_factory) -> Path:
    """A copy of a build's file under a name that is none of SQL's."""
    copy = tmp_path_factory.mktemp("copies") / "last week's-build.duckdb"
    return shutil.copy(getattr(sample_build, request.param), copy)


@pytest.mark.parametrize("function", CALLS)
def test_functions_work_in_a_copy_under_any_name(sample_build, renamed, function):
    """Who keeps last week's file could no longer ask it who resembles somebody."""
    user = sample_build.value("select min(session_id) from users")
    call = f"{CALLS[function]} order by similarity_rank limit 3"
    expected = sample_build.query(call.format("", user)).values.tolist()
    assert len(expected) == 3
    with duckdb.connect(renamed, read_only=True) as opened:
        assert opened.execute(call.format("", user)).df().values.tolist() == expected
        assert (
            opened.sql(WITH_NAMES_OF_TABLES + call.format("main.", user)).df().values.tolist()
            == expected
        )
    with duckdb.connect() as attached:
        path = str(renamed).replace("'", "''")
        attached.execute(f"attach '{path}' as w (read_only)")
        # DuckDB looks for the tables of a function in the current database, whichever it is in.
        with pytest.raises(duckdb.CatalogException, match="does not exist"):
            attached.execute(call.format("w.main.", user))
        attached.execute("use w")
        for place in ("", "w.main."):
            question = WITH_NAMES_OF_TABLES + call.format(place, user)
            assert attached.execute(question).df().values.tolist() == expected
    shell = subprocess.run(
        [CLI, "-csv", "-noheader", "-c", f"attach '{path}' as w (read_only); use w", "-c",
         call.format("w.main.", user)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert [line.split(",")[0] for line in shell.splitlines()] == [row[0] for row in expected]


@pytest.mark.parametrize("function", CALLS)
def test_a_function_does_not_answer_from_another_copy(sample_build, tmp_path, function):
    """Who compares two builds would get the answer of one for the other."""
    build = sample_build.serving_copy
    other = shutil.copy(build, tmp_path / "other.duckdb")
    with duckdb.connect(other) as changed:
        changed.execute("update build set build_id = 'another build'")
    with duckdb.connect() as attached:
        attached.execute(f"attach '{build}' as this (read_only)")
        attached.execute(f"attach '{other}' as other (read_only)")
        attached.execute("use other")
        with pytest.raises(duckdb.InvalidInputException, match="Run USE"):
            attached.execute(CALLS[function].format("this.main.", "somebody")).fetchall()
