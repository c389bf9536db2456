"""Which builds are shown, and what gets into the serving copy, asked without dbt."""

import json
from pathlib import Path

import duckdb
import pytest
from bootloader.publishing import plan_publishing

pytestmark = pytest.mark.unit


def node(name: str, materialized: str, *reads: str, access: str = "public") -> dict:
    """Return a model as the macro tells it; promised ones are in `prod`."""
    schema = "prod" if access == "public" else "prod_internal"
    return {
        "unique_id": f"model.bootloader.{name}",
        "schema": schema,
        "alias": name,
        "relation": f'"warehouse"."{schema}"."{name}"',
        "access": access,
        "materialized": materialized,
        "parameters": ["wanted"] if materialized == "table_function" else None,
        "reads": [f"model.bootloader.{read}" for read in reads],
    }


NODES = [
    node("records", "incremental", access="protected"),
    node("events", "view", "records"),
    node("users", "table", "events"),
    node("scores", "table", "users", access="protected"),
    node("audience", "table", "scores"),
    node("build", "table"),
    node("users_like", "table_function", "users", "scores"),
]
BUILT = {item["unique_id"]: "success" for item in NODES}


def plan(statuses: dict, views: tuple[str, ...] = (), **other: object) -> dict:
    """Return what is answered to the end of a build."""
    question = {
        "nodes": NODES,
        "read_by_app": ["model.bootloader.users"],
        "relations": [
            {"schema": "prod", "name": name, "kind": "view", "definition": None} for name in views
        ],
        "database": "warehouse",
        "statuses": statuses,
        "is_by_hand": False,
        "losses": [],
        "is_empty": False,
        "target": "duckdb",
        "serving_target": "duckdb",
        "copy": "serving.duckdb",
        "unfinished": "serving.duckdb.tmp",
        "build_id": "this",
    }
    question["relations"].append(
        {
            "schema": "prod",
            "name": "users_like",
            "kind": "function",
            "definition": "SELECT users.* FROM prod.users INNER JOIN prod_internal.scores "
            "USING (id) WHERE (users.id = wanted)",
        }
    )
    return json.loads(plan_publishing(json.dumps(question | other)))


def without(*names: str) -> dict:
    return {key: value for key, value in BUILT.items() if key.split(".")[2] not in names}


@pytest.mark.parametrize(
    ("statuses", "other", "reason"),
    [
        (BUILT | {"test.bootloader.t": "fail"}, {}, "something went wrong"),
        (BUILT, {"is_empty": True}, "this one was empty"),
        (BUILT, {"losses": ["it lost 2 users"]}, "it lost 2 users. Look at the warnings above"),
        (BUILT, {"target": "dev"}, "builds of the target duckdb"),
        (without("audience"), {}, "left out audience "),
        (without("users_like"), {}, "left out users_like "),
        # A view is as old as what it reads.
        (without("records", "events"), {}, "left out events "),
    ],
)
def test_a_build_that_is_not_good_and_complete_is_not_shown(statuses, other, reason):
    """The app would show half of a build, or a developer's one."""
    answer = plan(statuses, **other)
    assert answer["statements"] == []
    assert reason in answer["message"]


@pytest.mark.parametrize(
    ("statuses", "views", "other"),
    [
        (BUILT | {"test.bootloader.t": "warn"}, (), {}),
        (without("events"), (), {}),
        (without("users"), ("users",), {}),
        ({}, (), {"is_by_hand": True}),
    ],
    ids=["with a warning", "a view left out", "imported from a cluster", "by hand"],
)
def test_a_good_and_complete_build_is_shown(statuses, views, other):
    """The app would go on showing an older build."""
    assert "message" not in plan(statuses, views, **other)


def test_the_copy_has_what_is_promised_wherever_the_warehouse_keeps_it(tmp_path):
    """A copy of a target with another schema would be empty for the app, or break functions."""
    file = tmp_path / "it's a copy.duckdb"
    with duckdb.connect() as warehouse:
        warehouse.execute("attach ':memory:' as warehouse; use warehouse")
        warehouse.execute("create schema prod; create schema prod_internal")
        for item in NODES[:-1]:
            warehouse.execute(
                f"create table {item['relation']} as select 1 as id, 'this' as build_id"
            )
        warehouse.create_function("remove_leftovers", lambda file: 0, ["varchar"], "integer")
        warehouse.create_function(
            "replace_file", lambda old, new: Path(old).rename(new).name,
            ["varchar", "varchar"], "varchar",
        )  # fmt: skip
        for statement in plan(BUILT, copy=str(file), unfinished=f"{file}.tmp")["statements"]:
            warehouse.execute(statement).fetchall()
        assert warehouse.execute("select current_database()").fetchone() == ("warehouse",)
    with duckdb.connect(file) as copy:
        tables = copy.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        assert copy.execute("from users_like(1)").fetchall() == [(1, "this")]
    assert sorted(tables) == [
        ("main", "audience"), ("main", "build"), ("main", "events"), ("main", "users"),
        ("main_internal", "scores"),
    ]  # fmt: skip
