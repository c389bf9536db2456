"""What a cluster would be told is Spark's SQL: checked here without one, in seconds.

That it also means the same is checked on a real cluster, by ``make test-spark``.
"""

import json
import warnings
from pathlib import Path

import pytest
from conftest import PROJECT
from sqlfluff.core import FluffConfig, Linter

pytestmark = pytest.mark.unit

pytest.importorskip("dbt.adapters.spark", reason="make test installs what a cluster is spoken to")

# The one clause that sqlfluff does not know yet: options of a file that is read (Spark 4).
READER_OPTIONS = "with (lineSep = '\\n')"
# What sqlfluff takes for Spark's, and Spark rejects.
NOT_IN_SPARK = ("array_literal", "object_literal", "qualify_clause")
# Functions of SQL that the client of Spark has under no name of its own.
ONLY_IN_SQL = {"map", "try_cast"}


@pytest.fixture(scope="module")
def target(tmp_path_factory) -> Path:
    """What dbt compiled for a cluster that has no tables yet."""
    from dbt.adapters.spark import SparkAdapter
    from dbt.cli.main import dbtRunner

    target = tmp_path_factory.mktemp("target")
    with pytest.MonkeyPatch.context() as patch:
        # The only question that is asked of the cluster while the models are compiled.
        patch.setattr(SparkAdapter, "list_relations_without_caching", lambda *_: [])
        patch.chdir(PROJECT)
        ended = dbtRunner().invoke(
            ["--quiet", "--no-populate-cache", "--log-path", str(target), "compile",
             "--no-introspect", "--target", "spark", "--target-path", str(target)]
        )  # fmt: skip
    assert ended.success, ended.exception
    return target


@pytest.fixture(scope="module")
def statements(target) -> dict[str, str]:
    """The SQL of each model as dbt sends it to a cluster."""
    compiled = (target / "compiled" / "bootloader" / "models").glob("*/*.sql")
    return {file.stem: file.read_text() for file in compiled}


@pytest.fixture(scope="module")
def functions() -> set[str]:
    """The functions that Spark has: its client has a name for each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyspark.sql.functions import builtin
    return {name.lower() for name in vars(builtin)} | ONLY_IN_SQL


def faults(statement: str, functions: set[str]) -> list[str]:
    """Return what Spark would not understand of a statement."""
    linter = Linter(config=FluffConfig(overrides={"dialect": "sparksql", "templater": "raw"}))
    parsed = linter.parse_string(statement.replace(READER_OPTIONS, ""))
    called = {name.raw.lower() for name in parsed.tree.recursive_crawl("function_name")}
    return [
        *[str(fault) for fault in parsed.violations],
        *[found.raw for found in parsed.tree.recursive_crawl(*NOT_IN_SPARK)],
        *sorted(called - functions),
    ]


def test_each_model_is_in_sql_that_spark_understands(statements, functions):
    """Whoever builds on a cluster would be stopped by SQL that only DuckDB understands."""
    sources = {
        file.stem
        for folder in ("ingest", "profiles", "quality")
        for file in Path(PROJECT / "models" / folder).glob("*.sql")
    }
    assert set(statements) == sources | {"user_category_features"}
    found = {name: faults(statement, functions) for name, statement in statements.items()}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "[session_id]",
        "{'city': city}",
        "list_transform(array(age), x -> x)",
        "epoch(age)",
        "columns(*)",
        "list_filter(age, lambda x: x > 1)",
        "distinct on (city) session_id",
        "* replace (1 as age)",
        "session_id,,",
    ],
)
def test_what_only_duckdb_understands_is_found(statements, functions, planted):
    """The test above would pass whatever the models say."""
    statement = statements["users"].replace("session_id,", f"{planted},", 1)
    assert planted in statement
    assert faults(statement, functions)


def test_a_build_on_a_cluster_begins_and_ends_as_here(target):
    """The marts would have no manifest, and nothing could be handed over."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    assert [name for name in nodes if name.startswith("operation.bootloader.")] == [
        "operation.bootloader.bootloader-on-run-start-0",
        "operation.bootloader.bootloader-on-run-end-0",
    ]
