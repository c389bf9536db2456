"""Compare databases: each table and view by its number of rows and a checksum of them."""

from pathlib import Path

import duckdb

# What differs between two builds of the same events: moments, and how long something took (a
# network's epochs hold that); a value is new compared with the build before.
OF_THE_RUN = {
    "training_runs": {"seconds"},
    "attribute_network": {"epochs"},
    "fund_network": {"epochs"},
    "column_values": {"is_new"},
    "build": {"build_id", "built_at"},
}

Contents = dict[str, tuple[int, int]]


def contents(
    database: Path, *, only: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()
) -> Contents:
    """Return the number of rows and a checksum of each table and view of a closed database.

    Two tables with the same rows have the same checksum, whatever the order of rows and columns.
    All rows are read, so a file that is not whole raises.

    Args:
        only: the names of the tables to look at; all of them by default.
        leave_out: columns that are not compared.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as compared (read_only)")
        tables = connection.execute(
            """
            select
                schema_name || '.' || table_name as qualified_name,
                table_name,
                list(column_name order by column_name) as columns
            from duckdb_columns()
            where database_name = 'compared' and not internal
            group by all
            order by all
            """
        ).fetchall()
        found = {}
        for qualified, name, columns in tables:
            kept = [f'"{column}"' for column in columns if column not in
                    OF_THE_RUN.get(name, set()) | set(leave_out)]  # fmt: skip
            if kept and (not only or name in only):
                found[qualified] = connection.execute(
                    f"select count(*), coalesce(sum(hash({', '.join(kept)})::hugeint), 0) "
                    f"from compared.{qualified}"
                ).fetchone()
    return found


def differences(
    one: Path, two: Path, *, only: tuple[str, ...] = (), leave_out: tuple[str, ...] = ()
) -> list[str]:
    """Return the names of the tables that are in one of two databases alone, or differ in a row."""
    these = contents(one, only=only, leave_out=leave_out)
    those = contents(two, only=only, leave_out=leave_out)
    return sorted(name for name in these | those if these.get(name) != those.get(name))
