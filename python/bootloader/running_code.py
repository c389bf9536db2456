"""What this process runs, told when it begins: files may be edited while a build is at work."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

_PACKAGE = Path(__file__).parent
_PROJECT = _PACKAGE.parents[1]


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


PACKAGE = _fingerprint(_PACKAGE.glob("*.py"))
READER = _fingerprint([_PACKAGE / "event_files.py"])
PROJECT = _fingerprint([_PROJECT / "dbt_project.yml", *_PROJECT.glob("requirements/*.lock")])
