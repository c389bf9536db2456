"""What leaves the project as a file."""

import io

import pandas as pd

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP, CSV injection). Which
# character ends a cell depends on the spreadsheet's language.
_FORMULA = r"(^|[;,\t\r\n])(?=\s*[=+\-@])|^(?=[\t\r\n])"


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run; numbers stay as they are."""
    texts = frame.select_dtypes(["object", "string"])
    return frame.assign(
        **{
            name: column.str.replace(_FORMULA, lambda found: f"{found[1] or ''}'", regex=True)
            for name, column in texts.items()
        }
    )


def as_csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV that a spreadsheet can open and runs nothing of."""
    return frame.to_csv(index=False)


def as_parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
