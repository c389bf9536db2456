"""Keeps DuckDB's Python binding from printing pages about leaked types when Python ends.

It does so once torch is loaded or functions are registered, after everything worth reading is said.
"""

import atexit
import os
import sys


def keep_exit_quiet() -> None:
    """Close the error stream at the very end: call it early, so that it runs last."""
    stderr = sys.__stderr__.fileno()
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), stderr))
