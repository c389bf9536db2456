"""What leaves the app as a file."""

import pandas as pd

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP, CSV injection).
_FORMULA = r"^[=+\-@\t\r]"


def spreadsheet_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet would run; numbers stay as they are."""
    texts = frame.select_dtypes(["object", "string"])
    return frame.assign(
        **{
            name: column.where(~column.str.contains(_FORMULA, na=False), "'" + column)
            for name, column in texts.items()
        }
    )
