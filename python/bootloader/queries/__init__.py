"""What the app and ``plan_push`` ask of the serving copy: one file each."""

from functools import cache
from importlib import resources


@cache
def query_text(name: str) -> str:
    """Return the SQL of ``<name>.sql``, whose parameters are bound when it is run."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text()
