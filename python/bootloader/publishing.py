"""Decides whether a build is shown, and writes the SQL that copies it: JSON in, JSON out."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from bootloader.sql_text import literal

_GOOD = {"success", "pass", "warn", "no-op"}
_MOST_NAMED = 5
Node = Mapping[str, Any]


def plan_publishing(question: str) -> str:
    """Say how a build gets into the serving copy, or why it does not.

    Args:
        question: what the macro ``publish`` knows, as a JSON object.

            - ``nodes``: this project's models and seeds, each with ``unique_id``, ``schema``,
              ``alias``, ``relation`` (its name in SQL), ``access``, ``materialized``,
              ``parameters`` of a function, and ``reads`` (unique ids).
            - ``read_by_app``: the unique ids that the app's exposure names.
            - ``relations``: what the warehouse holds, each with ``schema``, ``name``, ``kind`` and,
              where it is a function, ``definition``; ``database`` is its name in SQL.
            - ``statuses``: by unique id, how each part of the build ended; ``is_by_hand`` where
              somebody asks for the copy, and vouches for it.
            - ``is_empty``, ``target``, ``serving_target``: as dbt has them.
            - ``copy``, ``unfinished``: the file of the copy, and its name until it is whole.
            - ``losses``: what the published build has and this one lost, in words.
            - ``build_id``: the one in the table ``build``.

    Returns:
        ``{"statements": [...]}``, and where there are none, ``message`` says why.
    """
    asked = json.loads(question)
    served = _served(asked["nodes"], asked["read_by_app"])
    reason = None if asked["is_by_hand"] else _reason_against(asked, served)
    if reason:
        message = f"The app keeps showing the last published build: {reason}."
        return json.dumps({"statements": [], "message": message})
    return json.dumps({"statements": _statements(asked, served)})


def _served(nodes: list[Node], read_by_app: list[str]) -> dict[str, dict[str, Any]]:
    """Return the nodes of the copy by unique id, each with the schema that it has there.

    They are what is promised, what the app reads, and what functions among those read.
    """
    by_id = {node["unique_id"]: dict(node) for node in nodes}
    schemas = {
        unique_id: "main"
        for unique_id, node in by_id.items()
        if node["access"] == "public" or unique_id in read_by_app
    }
    for unique_id in list(schemas):
        if by_id[unique_id]["materialized"] == "table_function":
            for read in by_id[unique_id]["reads"]:
                schemas.setdefault(read, "main_internal")
    return {key: by_id[key] | {"copy_schema": schema} for key, schema in schemas.items()}


def _reason_against(asked: Mapping[str, Any], served: Iterable[str]) -> str | None:
    if not set(asked["statuses"].values()) <= _GOOD:
        return "something went wrong in this one"
    if asked["is_empty"]:
        return "this one was empty"
    if asked["target"] != asked["serving_target"]:
        return f"it shows builds of the target {asked['serving_target']} (variable serving_target)"
    if asked["losses"]:
        return (
            f"{' and '.join(sorted(asked['losses']))}. Look at the warnings above; if it is right, "
            "dbt run-operation publish shows it all the same"
        )
    left_out = _left_out(asked, served)
    if left_out:
        more = f" and {len(left_out) - _MOST_NAMED} more" if len(left_out) > _MOST_NAMED else ""
        return (
            f"this one left out {', '.join(left_out[:_MOST_NAMED])}{more} (dbt run-operation "
            "publish shows it all the same)"
        )
    return None


def _left_out(asked: Mapping[str, Any], served: Iterable[str]) -> list[str]:
    """Return the names of what the copy needs and the build did not bring up to date."""
    nodes = {node["unique_id"]: node for node in asked["nodes"]}
    views = {
        (held["schema"], held["name"]) for held in asked["relations"] if held["kind"] == "view"
    }

    @cache
    def is_current(unique_id: str) -> bool:
        node = nodes.get(unique_id)
        # Sources are not built, and `dbt run` does not load seeds.
        if node is None or node["materialized"] == "seed":
            return True
        if asked["statuses"].get(unique_id) == "success":
            return True
        if node["materialized"] in ("view", "ephemeral"):
            return bool(node["reads"]) and all(map(is_current, node["reads"]))
        # Imported from a cluster.
        return (node["schema"], node["alias"]) in views

    return sorted(unique_id.split(".")[2] for unique_id in served if not is_current(unique_id))


def _statements(asked: Mapping[str, Any], served: Mapping[str, Node]) -> list[str]:
    copy, unfinished = literal(asked["copy"]), literal(asked["unfinished"])
    functions = [node for node in served.values() if node["materialized"] == "table_function"]
    tables = [node for node in served.values() if node not in functions]
    return [
        f"select remove_leftovers({copy})",
        # The newest version that the DuckDB of most clients reads.
        f"attach {unfinished} as serving_copy (storage_version 'v1.5.0')",
        "create schema serving_copy.main_internal",
        *[f"create table {_place(node)} as from {node['relation']}" for node in tables],
        # Where DuckDB looks for the tables of a function that it makes.
        "use serving_copy",
        *[_copied_function(node, served, asked) for node in functions],
        f"use {asked['database']}",
        "detach serving_copy",
        f"select replace_file({unfinished}, {copy})",
    ]


def _copied_function(node: Node, served: Mapping[str, Node], asked: Mapping[str, Any]) -> str:
    """Return the statement that makes a function, which reads the tables of the copy.

    DuckDB looks for those in the current database, wherever the function is. If that is another
    build's, the function stops.
    """
    definition = _held(asked, "function")[node["schema"], node["alias"]]
    for read in node["reads"]:
        table = served[read]
        name = rf'(?<!["\w.])"?{re.escape(table["schema"])}"?\.{re.escape(table["alias"])}\b'
        definition = re.sub(name, f"{table['copy_schema']}.{table['alias']}", definition)
    message = (
        f"{node['alias']} reads the current database, which is a different one. Run USE with the "
        "name of the database whose function you call first."
    )
    is_of_this_build = (
        f"case when (select build_id from main.build) = {literal(asked['build_id'])} then true "
        f"else error({literal(message)}) end"
    )
    # A project that has this one as a package can do without the table.
    has_build = any(table["alias"] == "build" for table in served.values())
    return (
        f"create macro {_place(node)}({', '.join(node['parameters'])}) as table (select * from "
        f"({definition}) where {is_of_this_build if has_build else 'true'})"
    )


def _held(asked: Mapping[str, Any], kind: str) -> dict[tuple[str, str], str]:
    """Return the definitions of what the warehouse holds of a kind, by schema and name."""
    return {
        (relation["schema"], relation["name"]): relation["definition"]
        for relation in asked["relations"]
        if relation["kind"] == kind
    }


def _place(node: Node) -> str:
    return f"serving_copy.{node['copy_schema']}.{node['alias']}"
