"""Reads the ledgers of all pushes that were planned, whether a build has read them or not."""

import json
from pathlib import Path

import duckdb

from bootloader.event_files.answers import read_event_files
from bootloader.event_files.errors import EventFileError
from bootloader.event_files.finding import find_event_files
from bootloader.event_files.records_filesystem import RecordsFileSystem

LEDGER = "assignments.parquet"

# A row that does not tell when its push is belongs to one that never ends. What cannot be told
# apart is told by the name of its file.
_KNOWN_ASSIGNMENTS = """
create or replace temp table known_assignments as
with

ledger_rows as (
    select
        source_file,
        try(from_json(raw_event, '{
            "push_id": "VARCHAR", "campaign": "VARCHAR", "session_id": "VARCHAR",
            "starts_at": "VARCHAR", "window_days": "VARCHAR"
        }')) as fields
    from (%s) as records
),

assignments as (
    select
        push_id,
        campaign,
        session_id,
        starts_at,
        window_days
    from push_assignments
    union all
    select
        coalesce(fields.push_id, source_file) as push_id,
        fields.campaign,
        trim(fields.session_id) as session_id,
        try_cast(fields.starts_at as timestamptz) at time zone 'UTC' as starts_at,
        try_cast(fields.window_days as double) as window_days
    from ledger_rows
)

-- Ids may have turned out to be one user since.
select
    assignments.push_id,
    coalesce(aliases.session_id, assignments.session_id) as session_id,
    any_value(assignments.campaign) as campaign,
    coalesce(min(assignments.starts_at), timestamp '1900-01-01') as starts_at,
    coalesce(
        max(assignments.starts_at + to_seconds(assignments.window_days * 86400)),
        timestamp '9000-01-01'
    ) as ends_at
from assignments
left join user_aliases as aliases on assignments.session_id = aliases.alias_id
group by assignments.push_id, coalesce(aliases.session_id, assignments.session_id)
"""


class LedgerError(Exception):
    """A ledger cannot be read, so nobody knows whom it holds back; the message says what to do."""


def know_ledgers(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the temporary table ``known_assignments``: one row per push and user.

    Args:
        connection: its current database is a serving copy.
        folder: where the plans are. The build names other ledgers, which are read too.

    Raises:
        LedgerError: a ledger cannot be read, or a row of one.
    """
    if not connection.filesystem_is_registered("records"):
        connection.register_filesystem(RecordsFileSystem())
    (patterns,) = connection.execute("select assignments_path from build").fetchall()[0]
    try:
        found = find_event_files(patterns, "assignments_path") if patterns else []
    except EventFileError as error:
        raise LedgerError(str(error)) from error
    files = {str(path) for path in folder.glob(f"*/{LEDGER}")} | {file.path for file in found}
    question = {"variable": "A ledger", "files": sorted(files), "max_record_bytes": 1_000_000}
    answer = json.loads(read_event_files(json.dumps(question)))
    if "problem" in answer:
        raise LedgerError(answer["problem"])
    nothing = "select '' as raw_event, '' as source_file where false"
    connection.execute(_KNOWN_ASSIGNMENTS % (answer["statement"] or nothing))
    (unread,) = connection.execute(
        "select count(*) from known_assignments where session_id is null"
    ).fetchall()[0]
    rejects = "from duckdb_tables() where temporary and table_name = 'reject_errors'"
    if unread or connection.execute(rejects).fetchall():
        raise LedgerError(
            f"Among the ledgers ({', '.join(sorted(files))}) is one with a row that cannot be "
            "read or has no session_id, so nobody knows whom it holds back. Correct or remove it."
        )
