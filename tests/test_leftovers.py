"""What an earlier version left in the warehouse is named, and nothing else."""

import json
import re

import duckdb
import pytest
from bootloader.leftovers import note_leftovers

pytestmark = pytest.mark.unit

# Some of what version 0.1.0 made.
OLD = {
    "judged_records": "table", "included_batches": "table", "fund_scores": "table",
    "snapshots": "view", "users": "table", "events": "view",
}  # fmt: skip


def ask(held: dict[str, str], schema: str = "main", made: tuple[str, ...] = ("users", "events")):
    """Return what is said of a warehouse with these tables and views."""
    relations = [{"schema": schema, "name": name, "kind": kind} for name, kind in held.items()]
    question = {"relations": relations, "schema": "main", "made": made}
    return json.loads(note_leftovers(json.dumps(question))).get("message")


def test_old_tables_are_named_with_the_statements_that_drop_them():
    """An analyst would take a table that no build updates for the current one."""
    with duckdb.connect() as warehouse:
        for name, kind in OLD.items():
            warehouse.execute(f"create {kind} {name} as select 1 as number")
        message = ask(OLD)
        assert "left 4 tables and views" in message
        warehouse.execute(re.search("drop (table|view) .*", message).group())
        left = warehouse.execute("show tables").df()["name"].to_list()
    assert left == ["events", "users"]


@pytest.mark.parametrize(
    ("held", "schema", "made"),
    [
        # Without the two that are only ours, the names may be anybody's.
        ({"snapshots": "view", "read_files": "table"}, "main", ()),
        (OLD, "somebody", ()),
        (dict.fromkeys(OLD, "view"), "main", ()),
        (OLD, "main", tuple(OLD)),
    ],
    ids=["no trace of 0.1.0", "another schema", "of another kind", "made by models"],
)
def test_what_is_somebodys_own_is_never_named(held, schema, made):
    """Somebody would drop a table of their own because we said so."""
    assert ask(held, schema, made) is None


def test_of_the_names_only_those_left_are_told():
    """Somebody who made a table called as ours once was would lose it."""
    own = OLD | {"my_own_table": "table", "malformed_lines": "view"}
    message = ask(own)
    assert "my_own_table" not in message
    assert "malformed_lines" not in message
