"""The project's own SQL, compiled once by dbt and run on one event file after another."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import duckdb
from bootloader.dbt_plugin import Plugin
from bootloader.event_files.framing import inspect_event_file
from conftest import PROJECT, Build


class Compiled:
    """Models in SQL and all that they read, for files that have one event per line.

    Args:
        folder: where dbt compiles; nothing else is there.
        models: the last models of the chain.
        variables: of dbt.
    """

    def __init__(self, folder: Path, models: Iterable[str], **variables: object) -> None:
        self.path = folder / "records.json"
        self.path.write_text("{}\n")
        variables["events_path"] = str(self.path)
        build = Build(folder)
        with duckdb.connect(build.warehouse) as connection:
            for seed in (PROJECT / "seeds").glob("*.csv"):
                read = f"read_csv('{seed}', all_varchar = true, header = true)"
                connection.execute(f"create table {seed.stem} as from {read}")
        chain = [f"+{model}" for model in models]
        build.dbt("compile", "--select", *chain, **variables).succeeds()
        self._statements = list(_in_order(build.target))
        # The model's post-hook, which takes the lines that DuckDB could not read.
        macros = json.loads((build.target / "manifest.json").read_text())["macros"]
        text = macros["macro.bootloader.unreadable_lines"]["macro_sql"]
        self._unreadable = re.sub(r"\{%.*?%\}", "", text)
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as warehouse")
        self.connection.execute(f"attach '{build.warehouse}' as seeds (read_only)")
        self.connection.execute(
            "copy from database seeds to warehouse; detach seeds; use warehouse"
        )
        self.connection.execute("create schema if not exists main_internal")
        self.connection.execute("set search_path = 'warehouse.main,warehouse.main_internal'")
        Plugin("bootloader", {}).configure_connection(self.connection)

    def read(self, content: bytes) -> duckdb.DuckDBPyConnection:
        """Run the models on the content of a file, and return where their tables are."""
        self.path.write_bytes(content)
        for leftover in ("reject_errors", "reject_scans"):
            self.connection.execute(f"drop table if exists {leftover}")
        # What the macro that reads the files would have told DuckDB to read.
        url = inspect_event_file(str(self.path))[0].url
        for name, relation, sql in self._statements:
            read = sql.replace(f"['{self.path}']", f"['{url}']")
            self.connection.execute(f"create or replace table {relation} as {read}")
            if name == "validated_records":
                self.connection.execute(f"insert into {relation} by name {self._unreadable}")
        return self.connection

    def read_events(self, events: Iterable[Mapping]) -> duckdb.DuckDBPyConnection:
        """Run the models on events, one per line."""
        return self.read("\n".join(map(json.dumps, events)).encode())

    def values(self, sql: str) -> list:
        """Return the only column of a query."""
        return [row[0] for row in self.connection.execute(sql).fetchall()]


def _in_order(target: Path) -> Iterable[tuple[str, str, str]]:
    """Return what was compiled, each model after what it reads: its name, its table, its SQL."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    compiled = target / "compiled/bootloader/models"
    texts = {file.stem: file.read_text() for file in compiled.glob("*/*.sql")}
    done: set[str] = set()

    def visit(key: str) -> Iterable[tuple[str, str, str]]:
        node = nodes.get(key)
        if node is None or key in done:
            return
        done.add(key)
        for read in node["depends_on"].get("nodes", []):
            yield from visit(read)
        if node["name"] in texts and node["config"]["materialized"] != "ephemeral":
            yield node["name"], node["relation_name"], texts[node["name"]]

    for key in nodes:
        if key.startswith("model.") and nodes[key]["name"] in texts:
            yield from visit(key)
