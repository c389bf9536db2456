"""Erase a user: from the warehouse, the serving copy, the ledgers of pushes and the logs.

::

    python -m bootloader.erase_user a43dde8b6d7ef0a9cc1415d9d166c0fb

Databases are written anew without the user and swapped in, since a file keeps the bytes of rows
that were only deleted. A ledger keeps its row under a random name, or nobody could tell any more
how many were held back. What this command cannot reach is listed; ``dbt build`` then computes anew
what was learned from all users.
"""

import argparse
import json
import logging
import os
import re
import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from bootloader.exports import as_csv
from bootloader.files import remove_leftovers, replace_file, serving_copy_path
from bootloader.ledgers import LEDGER
from bootloader.plan_push import PATIENCE, plans_folder
from bootloader.sql_text import identifier, literal

logger = logging.getLogger(__name__)

# What stands for the user where another user's row refers to the one who is gone.
ERASED = "erased"
# Precedes the event files among what was found.
FILES = "files: "
# Shorter ids are parts of too many other bytes to look for them in files.
_FEWEST_BYTES = 8


class EraseError(Exception):
    """Nothing more can be erased; the message says why and what to do."""


def spellings_of(user: str) -> list[str]:
    """Return an id as it is, as JSON and as CSV write it; the longest first."""
    return sorted(
        {
            user, json.dumps(user)[1:-1], json.dumps(user, ensure_ascii=False)[1:-1],
            user.replace('"', '""'),
        },
        key=len, reverse=True,
    )  # fmt: skip


def token_of(user: str) -> str:
    """Return the regular expression of an id as a whole value in a record: JSON, CSV or a message.

    RE2 and Python read it alike.
    """
    either = "|".join(
        re.sub(r"([\\.^$|?*+()\[\]{}])", r"\\\1", spelling) for spelling in spellings_of(user)
    )
    return rf"""(?:^|["',;|:=\[(]|session_id)\s*(?:{either})\s*(?:$|["',;|}}\]).]|has )"""


def erase_from_database(path: Path, user: str, *, is_dry: bool = False) -> Counter[str]:
    """Write a database anew without a user, and swap it in.

    Rows about the user are deleted; where a row of another user refers to the user, the reference
    becomes ``erased``.

    Args:
        path: a DuckDB file that nothing else writes to.
        user: the id.
        is_dry: only count.

    Returns:
        How many rows change, by table; and below ``files``, the event files that told of the user.

    Raises:
        EraseError: something else has the file open.
    """
    work, new = (path.with_name(f"{path.name}.{name}.tmp") for name in ("erase", "erased"))
    remove_leftovers(str(path))
    try:
        with _opened(path) as connection:
            connection.execute(f"attach {literal(str(work))} as work")
            connection.execute("copy from database old to work")
            erased = _erase_from_tables(connection, user)
            if not is_dry:
                connection.execute(f"attach {literal(str(new))} as new")
                connection.execute("copy from database work to new")
                connection.execute("detach new")
            connection.execute("detach work")
        if not is_dry:
            replace_file(str(new), str(path))
    finally:
        remove_leftovers(str(path))
    return erased


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Attach a database as ``old``, so that no build writes to it; readers of the copy stay."""
    # The app has the serving copy open, which does not matter: it is replaced as a whole.
    mode = "read_only" if path == serving_copy_path() else "read_write"
    with duckdb.connect(":memory:") as connection:
        try:
            connection.execute(f"attach {literal(str(path))} as old ({mode})")
        except duckdb.Error as error:
            raise EraseError(
                f"'{path}' cannot be opened: {str(error).splitlines()[0]}. Wait for the build, or "
                "close the SQL client that has it open, and try again."
            ) from error
        yield connection


def _erase_from_tables(connection: duckdb.DuckDBPyConnection, user: str) -> Counter[str]:
    """Erase a user from all tables of the attached database ``work``."""
    erased: Counter[str] = Counter()
    columns = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "semi join duckdb_tables() using (database_name, schema_name, table_name) "
        "where database_name = 'work' and data_type like '%VARCHAR%' order by all"
    ).df()
    bound = {"user": user, "token": token_of(user)}
    for (schema, table), listed in columns.groupby(["schema_name", "table_name"]):
        name = f"work.{identifier(schema)}.{identifier(table)}"
        plain = listed.loc[listed["data_type"] == "VARCHAR", "column_name"].to_list()
        for column in plain:
            if "session_id" in plain and column != "session_id":
                (rows,) = connection.execute(
                    f"update {name} set {identifier(column)} = '{ERASED}' "
                    f"where {identifier(column)} = ? and session_id <> ?",
                    [user, user],
                ).fetchall()[0]
                erased[f"{schema}.{table}"] += rows
        tells = [
            f"({column} = $user or regexp_matches({column}, $token))"
            for column in (f"cast({identifier(name)} as varchar)" for name in listed["column_name"])
        ]
        told = f"from {name} where {' or '.join(tells)}"
        if "source_file" in plain:
            files = connection.execute(f"select distinct source_file {told}", bound).fetchall()
            erased.update({f"{FILES}{file}": 0 for (file,) in files})
        (rows,) = connection.execute(f"delete {told}", bound).fetchall()[0]
        erased[f"{schema}.{table}"] += rows
    return erased


def erase_from_ledger(path: Path, user: str, *, is_dry: bool = False) -> int:
    """Give a user's rows of a ledger a random name, so that users and controls stay as many.

    Args:
        path: a Parquet, CSV or JSON file.
        user: the id.
        is_dry: only count.

    Returns:
        How many rows the user had.

    Raises:
        EraseError: the file is packed, or not of these kinds.
    """
    name = f"erased-{secrets.token_hex(16)}"
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        column = table.schema.get_field_index("session_id")
        ids = pc.cast(table["session_id"], pa.string())
        is_user = pc.equal(pc.utf8_trim_whitespace(ids), user)
        rows = pc.sum(is_user).as_py() or 0
        if rows and not is_dry:
            table = table.set_column(column, "session_id", pc.if_else(is_user, name, ids))
            with _replaced(path) as partial:
                pq.write_table(table, partial)
        return rows
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise EraseError(
            f"'{path}' is packed, or no text: erase the user from it by hand."
        ) from error
    pattern = re.compile(token_of(user), re.MULTILINE)
    lines = text.splitlines(keepends=True)
    told = [line for line in lines if pattern.search(line)]
    if told and not is_dry:
        kept = [pattern.sub(lambda found: _renamed(found[0], user, name), line) for line in lines]
        with _replaced(path) as partial:
            partial.write_text("".join(kept), encoding="utf-8", newline="")
    return len(told)


def _renamed(text: str, user: str, name: str) -> str:
    for spelling in spellings_of(user):
        text = text.replace(spelling, name)
    return text


def erase_from_list(path: Path, user: str, *, is_dry: bool = False) -> int:
    """Delete a user from a list to send, and return how many rows that were."""
    listed = pd.read_csv(path, dtype=str, keep_default_na=False)
    is_user = listed["session_id"] == user
    if is_user.any() and not is_dry:
        with _replaced(path) as partial:
            partial.write_text(as_csv(listed[~is_user]), encoding="utf-8", newline="")
    return int(is_user.sum())


def erase_from_logs(folder: Path, user: str, *, is_dry: bool = False) -> int:
    """Delete the files of a folder that tell of a user: dbt writes them anew in each command."""
    told = [path for path in folder.rglob("*") if path.is_file() and _tells(path, user)]
    if not is_dry:
        for path in told:
            path.unlink()
    return len(told)


def _tells(path: Path, user: str) -> bool:
    content = path.read_bytes()
    if not any(spelling.encode() in content for spelling in spellings_of(user)):
        return False
    # A file that is no text has no delimiters.
    try:
        return re.search(token_of(user), content.decode(), re.MULTILINE) is not None
    except UnicodeDecodeError:
        return True


def bytes_left(path: Path, user: str) -> int:
    """Return how often the bytes of an id are in a file; none are looked for that are too short."""
    if len(user.encode()) < _FEWEST_BYTES:
        return 0
    return path.read_bytes().count(user.encode())


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Write a file beside another one, and put it in its place when it is complete."""
    partial = path.with_name(f".{path.name}.partial")
    yield partial
    os.replace(partial, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Erase a user, and say where the user still may be."""
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.INFO)
    parser = argparse.ArgumentParser(
        prog="python -m bootloader.erase_user", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "user", help="the session_id, as it is in the tables, or another id of the user"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be erased")
    asked = parser.parse_args(arguments)
    user, is_dry = asked.user.strip(), asked.dry_run
    if not user:
        parser.error("The id is blank.")
    try:
        for known_as in ids_of(user):
            erase(known_as, is_dry=is_dry)
    except EraseError as problem:
        parser.error(str(problem))


def ids_of(user: str) -> list[str]:
    """Return the ids that a user has in the warehouse and the copy, see ``user_aliases``.

    Raises:
        EraseError: something else has a file open.
    """
    ids = {user}
    for path in _databases():
        with _opened(path) as connection:
            tables = "from duckdb_tables() where database_name = 'old' and table_name = ?"
            if connection.execute(tables, ["user_aliases"]).fetchall():
                aliases = connection.execute(
                    "select alias_id from old.main.user_aliases where session_id in ("
                    "select session_id from old.main.user_aliases where alias_id = ?)",
                    [user],
                ).fetchall()
                ids |= {alias for (alias,) in aliases}
    return sorted(ids)


def _databases() -> list[Path]:
    warehouse = Path(os.environ.get("BOOTLOADER_WAREHOUSE", "warehouse.duckdb"))
    return [path for path in (warehouse, serving_copy_path()) if path.exists()]


def erase(user: str, *, is_dry: bool) -> None:
    """Erase one id of a user everywhere, and say what was erased and what is out of reach.

    Raises:
        EraseError: something has a file open, or something is left.
    """
    copy = serving_copy_path()
    databases = _databases()
    erased: Counter[str] = Counter()
    out_of_reach = []
    ledgers = _named_ledgers(copy) if copy.exists() else []
    for path in databases:
        for table, rows in erase_from_database(path, user, is_dry=is_dry).items():
            if table.startswith(FILES):
                out_of_reach.append(f"the event file {table.removeprefix(FILES)}")
            else:
                erased[f"{path}: rows of {table}"] += rows
    folder = plans_folder(copy)
    with _locked(folder):
        for path in sorted({*folder.glob(f"*/{LEDGER}"), *filter(Path.exists, ledgers)}):
            try:
                rows = erase_from_ledger(path, user, is_dry=is_dry)
            except EraseError as problem:
                out_of_reach.append(str(problem))
            else:
                erased[f"{path}: rows, renamed"] += rows
        for path in sorted(folder.glob("*/send.csv")):
            erased[f"{path}: rows"] += erase_from_list(path, user, is_dry=is_dry)
    for variable, default in (("DBT_LOG_PATH", "logs"), ("DBT_TARGET_PATH", "target")):
        path = Path(os.environ.get(variable, default))
        erased[f"{path}: files"] += erase_from_logs(path, user, is_dry=is_dry)
    erased = +erased
    if not erased:
        logger.info("Nothing tells of '%s'.", user)
        return
    logger.info("Would be erased:" if is_dry else "Erased:")
    for place, count in sorted(erased.items()):
        logger.info("  %s: %s", place, f"{count:,}")
    excluded = Path("seeds/excluded_users.csv")
    if excluded.exists() and user in excluded.read_text(encoding="utf-8"):
        out_of_reach.append(str(excluded))
    logger.info("Out of reach:")
    for place in sorted(set(out_of_reach)):
        logger.info("  %s", place)
    logger.info("  backups, marts of a cluster, lists that somebody downloaded, the push tool")
    logger.info(
        "Next: take the user out of these, or a build that reads such a file again, or all files "
        "(--full-refresh), brings the user back. Then run dbt build, which computes anew what was "
        "learned from all users."
    )
    if not is_dry and (left := {path: bytes_left(path, user) for path in databases}):
        left = {path: count for path, count in left.items() if count}
        if left:
            raise EraseError(
                f"The id is still in {', '.join(map(str, left))}, perhaps as a part of another id."
            )


def _named_ledgers(copy: Path) -> list[Path]:
    """Return the ledgers on this machine that the last build was told of."""
    with duckdb.connect(str(copy), read_only=True) as connection:
        (patterns,) = connection.execute("select assignments_path from build").fetchall()[0]
        rows = connection.execute("select file from glob(?)", [patterns]).fetchall()
    return [Path(file) for (file,) in rows]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let nobody plan a push meanwhile."""
    if not folder.exists():
        yield
        return
    try:
        with FileLock(folder / ".lock", timeout=PATIENCE):
            yield
    except Timeout as error:
        raise EraseError(f"Somebody is planning a push in '{folder}'. Try again.") from error


if __name__ == "__main__":
    main()
