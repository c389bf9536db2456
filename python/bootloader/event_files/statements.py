"""Writes the SQL that reads event files: a row for each record, as text."""

from collections.abc import Sequence
from typing import Any

from bootloader.sql_text import identifier, literal


def path_of(url: str) -> str:
    """Return the SQL for the path of a file, from the column with what DuckDB was told to read."""
    return f"regexp_replace(cast({url} as varchar), '^records://[^/]*/', '')"


def read_statement(groups: Sequence[dict[str, Any]], max_record_bytes: int) -> str:
    """Return one statement for all files, with the columns raw_event and source_file; or nothing.

    Compressed files come decompressed, whatever their names end in. A line is text, whatever it
    holds; lines that DuckDB cannot read go to its table ``reject_errors``.

    Args:
        groups: for each layout and its options the ``urls`` of the files that have them.
        max_record_bytes: longer lines go to the table of rejects.
    """
    selects = [_SELECTS[group["layout"]](group, max_record_bytes) for group in groups]
    return "\nunion all by name\n".join(selects)


def _read_lines(group: dict[str, Any], max_record_bytes: int) -> str:
    # White space, the mark of a JSON text sequence, and the comma after an element of a list may
    # stand around a record. Most lines have none of it, which is quicker to see than to trim.
    line = (
        "case when starts_with(line, '{') and ends_with(line, '}') then line "
        r"else regexp_replace(trim(line, e' \t\r\n\x0b\f\x1e'), '\},$', '}') end"
    )
    # No line that is JSON has the characters of this delimiter.
    options = (
        "columns = {'line': 'VARCHAR'}, header = false, strict_mode = false, quote = '', "
        r"escape = '', delim = e'\x02\x03\x02\x03'"
    )
    return _read_text(group, max_record_bytes, line, options)


def _read_csv(group: dict[str, Any], max_record_bytes: int) -> str:
    columns = ", ".join(f"{literal(column['name'])}: 'VARCHAR'" for column in group["columns"])
    options = (
        f"columns = {{{columns}}}, header = true, quote = '\"', escape = '\"', "
        f"delim = {literal(group['delimiter'])}"
    )
    return _read_text(group, max_record_bytes, _columns_as_json(group), options)


def _read_text(group: dict[str, Any], max_record_bytes: int, raw_event: str, options: str) -> str:
    return (
        f"select {raw_event} as raw_event, {path_of('records_file')} as source_file\n"
        f"from read_csv({_list(group['urls'])}, auto_detect = false, compression = 'none', "
        "filename = 'records_file', ignore_errors = true, store_rejects = true, "
        f"max_line_size = {int(max_record_bytes)}, buffer_size = {int(group['buffer_size'])}, "
        f"{options})\nwhere raw_event <> ''"
    )


def _read_parquet(group: dict[str, Any], _: int) -> str:
    return (
        f"select {_columns_as_json(group)} as raw_event, {path_of('records_file')} as source_file\n"
        f"from read_parquet({_list(group['urls'])}, hive_partitioning = false, "
        f"filename = 'records_file', binary_as_string = {bool(group['binary_as_string'])})"
    )


def _read_list(group: dict[str, Any], _: int) -> str:
    return _read_json(group, "cast(json as varchar)", "array")


def _read_stream(group: dict[str, Any], _: int) -> str:
    elements = (
        "unnest(case when json_type(json) = 'ARRAY' then cast(json as varchar[]) "
        "else [cast(json as varchar)] end)"
    )
    return _read_json(group, elements, "unstructured")


def _read_json(group: dict[str, Any], raw_event: str, layout: str) -> str:
    return (
        f"select {raw_event} as raw_event, {path_of('filename')} as source_file\n"
        f"from read_json_objects({_list(group['urls'])}, format = '{layout}', "
        "compression = 'none', filename = true, "
        f"maximum_object_size = {int(group['maximum_object_size'])})"
    )


_SELECTS = {
    "lines": _read_lines,
    "csv": _read_csv,
    "parquet": _read_parquet,
    "list": _read_list,
    "stream": _read_stream,
}


def _columns_as_json(group: dict[str, Any]) -> str:
    """Return the columns of a table as a record, then what only the name of a folder says."""
    pairs = [
        f"{literal(column['key'])}, {identifier(column['name'])}" for column in group["columns"]
    ]
    pairs += [f"{literal(key)}, {literal(value)}" for key, value in group["folders"].items()]
    return f"cast(json_object({', '.join(pairs)}) as varchar)"


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(literal, values)) + "]"
