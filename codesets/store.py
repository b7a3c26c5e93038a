"""The store: the DuckDB file of an edition, built where there is none or only a damaged one, and opened read-only.

What stands in it is asked for by `agent.codebook` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.config import Settings
from agent.errors import CodeTableError
from agent.records import Codeset
from codesets.build import build_table, table_path
from codesets.editions import CURRENT
from codesets.table import SCHEMA_VERSION, SEPARATOR

if TYPE_CHECKING:
    import duckdb

_WHOLE = f"""
    SELECT system, name, first_day, last_day, sha256 FROM edition
    WHERE schema_version = {SCHEMA_VERSION} AND nodes = (SELECT count(*) FROM node) 
    AND notes = (SELECT count(*) FROM note) AND sevenths = (SELECT count(*) FROM seventh)
    AND terms = (SELECT count(*) FROM term) AND postings = (SELECT count(*) FROM posting)
"""
"""Gives the edition if the table has all its rows."""


class _Damaged(Exception):
    """A table that can't be read as it should be."""


class Store:
    """An open table; safe to share between threads."""

    def __init__(self, settings: Settings, progress: Callable[[str], None] | None) -> None:
        """Open the table of the current edition.

        Raises:
            SourceError: an official file is missing or not as published.
            CodeTableError: the cache folder can't be read or written.
        """
        self._settings = settings
        self._progress = progress
        self._lock = threading.Lock()
        self._closed = False
        path = table_path(CURRENT, settings)
        try:
            missing = not path.exists()
        except OSError as error:
            raise CodeTableError(
                f"the folder of the code table, {settings.cache}, can't be read: {error.strerror}. "
                "Give access to it, or set CHARTPROOF_CACHE to another folder."
            ) from error
        if missing:
            build_table(CURRENT, settings, progress=progress)
        try:
            self._connection, self.edition = _connected(path)
        except _Damaged as damage:
            self._rebuild(str(damage))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query; a table that turns out to be damaged is built anew, once.

        Raises:
            CodeTableError: it can't be read even so.
        """
        import duckdb

        with self._lock:
            if self._closed:
                raise CodeTableError("the code book was closed; open it again: CodeBook.open(settings)")
            try:
                return self._fetch(query)
            except duckdb.Error as error:
                self._connection.close()
                self._rebuild(str(error))
            try:
                return self._fetch(query)
            except duckdb.Error as error:
                raise self._hopeless(str(error)) from error

    def columns(self, names: str, table: str, *, order: str) -> list[list[str]]:
        """Columns as lists of text, in order; twice as fast as rows.

        Args:
            names: the columns, separated by commas.
            table: a table, or a join of some.
            order: the column that the lists are ordered by.
        """
        short = [name.rpartition(".")[2] for name in names.split(", ")]
        packed = ", ".join(f"string_agg({name}, '{SEPARATOR}')" for name in short)
        (values,) = self.rows(f"SELECT {packed} FROM (SELECT {names} FROM {table} ORDER BY {order})")
        return [value.split(SEPARATOR) if value is not None else [] for value in values]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def _fetch(self, query: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            return cursor.execute(query).fetchall()

    def _rebuild(self, why: str) -> None:
        if self._progress is not None:
            self._progress(
                f"the code table in {self._settings.cache} is damaged ({_first_line(why)}); building it anew"
            )
        path = build_table(CURRENT, self._settings, progress=self._progress)
        try:
            self._connection, self.edition = _connected(path)
        except _Damaged as damage:
            raise self._hopeless(str(damage)) from damage

    def _hopeless(self, why: str) -> CodeTableError:
        return CodeTableError(
            f"the code table in {self._settings.cache} can't be read though it was just built: {_first_line(why)}. "
            "Check the disk, or set CHARTPROOF_CACHE to another folder."
        )


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0]


def _connected(path: Path) -> tuple[duckdb.DuckDBPyConnection, Codeset]:
    """A read-only connection to a table that has all its rows."""
    import duckdb

    try:
        connection = duckdb.connect(str(path), read_only=True, config={"threads": 1})
    except duckdb.Error as error:
        raise _Damaged(str(error)) from error
    try:
        rows = connection.execute(_WHOLE).fetchall()
    except duckdb.Error as error:
        connection.close()
        raise _Damaged(str(error)) from error
    if len(rows) != 1:
        connection.close()
        raise _Damaged("rows are missing")
    system, name, first, last, sha256 = rows[0]
    return connection, Codeset(system=system, edition=name, effective=(first, last), sha256=sha256)
