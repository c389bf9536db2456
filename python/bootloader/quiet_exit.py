"""End a command that runs dbt without pages about leaked types and a last search for garbage.

DuckDB's binding prints the pages once torch is loaded, after everything worth reading is said, and
the search takes seconds. Only for programs that end with dbt: it closes the error stream.
"""

import atexit
import gc
import os


def keep_exit_quiet() -> None:
    """Close the error stream of this process at its very end."""

    def end() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        gc.freeze()

    atexit.register(end)
