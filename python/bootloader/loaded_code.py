"""This package as it was when dbt loaded it: files may be edited while a build is at work."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import duckdb

_PACKAGE = Path(__file__).parent
_LOCKS = _PACKAGE.parents[1] / "requirements"


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


PACKAGE = _fingerprint(_PACKAGE.glob("*.py"))
READER = f"{_fingerprint((_PACKAGE / 'event_files').glob('*.py'))[:16]} {duckdb.__version__}"
LOCKS = _fingerprint(_LOCKS.glob("*.lock"))
