"""What leaves the project as a file: exact for machines, harmless in spreadsheets for people."""

import io
import re

import pandas as pd

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP, CSV injection). Which
# character ends a cell depends on the spreadsheet's language.
_FORMULA = r"(^|[;,\t\r\n])(?=\s*[=+\-@])|^(?=[\t\r\n])"
# What some reader takes for the end of a line, and other characters that no id has.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def as_csv(frame: pd.DataFrame) -> str:
    """Return a list for machines as CSV (RFC 4180): each text is as it is, byte for byte.

    Lines end with a line feed, which all readers of CSV accept, and tools for text too.

    Raises:
        ValueError: a text has a control character, which some reader would take for something else.
    """
    for name, column in _texts(frame).items():
        if column.str.contains(_CONTROL).any():
            raise ValueError(f"A value of {name} has a line break or another control character.")
    return frame.to_csv(index=False, lineterminator="\n")


def as_spreadsheet_csv(frame: pd.DataFrame) -> str:
    """Return a list for people as CSV that a spreadsheet can open and runs nothing of.

    An apostrophe precedes what it would run, so that ids may differ from those of the app.
    """
    # Only with these ends does Python quote a bare carriage return.
    return spreadsheet_safe(frame).to_csv(index=False, lineterminator="\r\n")


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run; numbers stay as they are."""
    return frame.assign(
        **{
            name: column.str.replace(_FORMULA, lambda found: f"{found[1] or ''}'", regex=True)
            for name, column in _texts(frame).items()
        }
    )


def as_parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _texts(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.select_dtypes(["object", "string"])
