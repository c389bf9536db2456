"""Turn the marts that a cluster wrote as Parquet into views of the warehouse.

``dbt run-operation import_marts`` asks this module for the statements and runs them.
"""

import json

import duckdb

from bootloader.sql_text import literal


class ImportMartsError(Exception):
    """The marts cannot be imported; the message says why and what to do."""


def import_marts(question: str) -> str:
    """Say how a folder of marts is imported: JSON in, JSON out.

    Args:
        question: ``{"folder": ..., "rules": ..., "relations": {mart: {"name", "schema",
            "is_table"}}}``: the absolute path of the folder, the fingerprint of this project's
            rules, and, for each mart that this project has, its relation as dbt writes it in SQL.

    Returns:
        ``{"statements": [...], "message": ...}``, to be run in one transaction, or
        ``{"problem": message}``.
    """
    asked = json.loads(question)
    try:
        statements = import_statements(asked["folder"], asked["rules"], asked["relations"])
    except ImportMartsError as error:
        return json.dumps({"problem": str(error)})
    views = sum(statement.startswith("create or replace view") for statement in statements)
    message = (
        f"Imported {views} marts from {asked['folder']}. Next: dbt build --selector after_marts"
    )
    return json.dumps({"statements": statements, "message": message})


def import_statements(folder: str, rules: str, relations: dict[str, dict]) -> list[str]:
    """Compare the folder with its manifest, and return the SQL that makes a view of each mart.

    Args:
        folder: a folder of Parquet files for each mart, and one for ``marts_manifest``.
        rules: the fingerprint that the manifest must have.
        relations: for each mart its ``name`` and ``schema`` as SQL has them, and whether it
            ``is_table`` now.

    Raises:
        ImportMartsError: the marts are incomplete, or were made by other rules.
    """
    with duckdb.connect() as connection:
        cause = ""
        manifest = f"read_parquet({literal(f'{folder}/marts_manifest/*.parquet')})"
        try:
            marts = connection.execute(
                f"select mart, row_count, build_id, rules from {manifest} order by mart"
            ).fetchall()
        except duckdb.Error as error:
            marts, cause = [], f" ({str(error).splitlines()[0]})"
        faults = [] if marts else [f"no build has finished its marts{cause}"]
        statements = []
        for mart, row_count, build_id, made_by in marts:
            if made_by != rules or mart not in relations:
                faults.append("its marts were made by other rules or variables than this project's")
                break
            files = f"read_parquet({literal(f'{folder}/{mart}/**/*.parquet')})"
            try:
                (rows,) = connection.execute(f"select count(*) from {files}").fetchall()[0]
                columns = connection.execute(f"describe from {files}").fetchall()
            except duckdb.Error:
                rows, columns = 0, []
            if rows != row_count:
                faults.append(
                    f"'{mart}' has {rows:,} rows, and had {row_count:,} when its build ended"
                )
                continue
            relation = relations[mart]
            if relation["is_table"]:
                statements.append(f"drop table {relation['name']}")
            selected = ", ".join(_in_utc(name, kind) for name, kind, *_ in columns)
            # Fails as soon as another build on the cluster has replaced the files.
            replaced = literal(
                f"A cluster has replaced the marts in {folder} since they were imported: import "
                "them again"
            )
            statements += [
                f"create schema if not exists {relation['schema']}",
                f"create or replace view {relation['name']} as select {selected} from {files} "
                f"where case when (select min(build_id) from {manifest}) = {literal(build_id)} "
                f"then true else error({replaced}) end",
            ]
    if faults:
        raise ImportMartsError(
            f"'{folder}' cannot be imported: {', '.join(faults)}. Run dbt build --target spark to "
            "its end, with this project and the same variables, and import again."
        )
    return statements


def _in_utc(name: str, kind: str) -> str:
    """Return a column as it is selected: Spark writes a moment, and ours are timestamps in UTC."""
    quoted = '"' + name.replace('"', '""') + '"'
    is_moment = kind == "TIMESTAMP WITH TIME ZONE"
    return f"{quoted} at time zone 'UTC' as {quoted}" if is_moment else quoted
