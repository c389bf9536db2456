"""The reader of event files as dbt loaded it: files may be edited while a build is at work."""

import hashlib
from pathlib import Path

import duckdb

_READER = Path(__file__).with_name("event_files.py").read_bytes()
READER = f"{hashlib.sha256(_READER).hexdigest()[:16]} {duckdb.__version__}"
