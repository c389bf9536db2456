"""End the `dbt` command without pages about leaked types and without a last search for garbage.

DuckDB's binding prints them once torch is loaded, after everything worth reading is said, and the
search takes seconds. A program that runs dbt in its own process is left alone.
"""

import atexit
import gc
import os
import sys
from pathlib import Path


def keep_exit_quiet() -> None:
    """Close the error stream of the `dbt` command at its very end."""
    if Path(sys.argv[0]).name != "dbt":
        return

    def end() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno())
        gc.freeze()

    atexit.register(end)
