"""Reads event files: which there are, how each is framed, and what DuckDB is told to read.

The modules are cut by what would make them change: :mod:`finding` by where files can be,
:mod:`containers` by how they are compressed, :mod:`framing` by how records are laid out in them,
:mod:`records_filesystem` and :mod:`statements` by DuckDB, and :mod:`answers` by the macros that
ask.
"""
