"""Ends Python without pages about leaked types, and without a last search for garbage.

DuckDB's binding prints them once torch is loaded or functions are registered, after everything
worth reading is said. The search takes seconds where dbt and torch are loaded, and finds nothing
that the end of the process would not free.
"""

import atexit
import gc
import os
import sys


def keep_exit_quiet() -> None:
    """Close the error stream at the very end: call it early, so that it runs last."""
    stderr = sys.__stderr__.fileno()

    def end() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stderr)
        gc.freeze()

    atexit.register(end)
