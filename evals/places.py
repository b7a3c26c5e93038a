"""Places: the line on which each key of a TOML file stands, which the parser of the standard library does not tell."""

from __future__ import annotations

import re
from typing import NamedTuple

_TABLE = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?")
_KEY = re.compile(r"\s*([\w-]+)\s*=\s*")
_DELIMITERS = ("'''", '"""')

Key = tuple[str | int, ...]
"""A key as pydantic names it: `("codes", 2, "quotes")`."""


class Places(NamedTuple):
    """The lines of a file, and on which of them (from 1) each table and key begins."""

    lines: tuple[str, ...]
    starts: dict[Key, int]

    def line(self, path: Key) -> int:
        """The line of a key; of what has none of its own, that of the nearest thing around it."""
        for length in range(len(path), 0, -1):
            found = self.starts.get(path[:length])
            if found is not None:
                return found
        return 1

    def words(self, path: Key, words: str) -> int:
        """The line at or after a key's on which `words` stand as they are written; the key's where they don't."""
        first = self.line(path)
        return next((n for n, line in enumerate(self.lines[first - 1 :], first) if words in line), first)


def read_places(text: str) -> Places:
    """The places of a TOML text of tables, arrays of tables and keys; inline tables and arrays count as their key.

    Of a malformed text, the places of what looks like keys.
    """
    starts: dict[Key, int] = {}
    counts: dict[str, int] = {}
    table: Key = ()
    closing = ""
    lines = tuple(text.splitlines())
    for number, line in enumerate(lines, start=1):
        rest = line
        if closing:
            _, found, rest = line.partition(closing)
            if not found:
                continue
            closing = ""
        elif (header := _TABLE.match(line)) is not None and line.lstrip().startswith("[["):
            name = header.group(1)
            counts[name] = counts.get(name, -1) + 1
            table = (name, counts[name])
            starts.setdefault((name,), number)
            starts[table] = number
        elif header is not None and not line.rstrip().endswith(","):
            table = tuple(header.group(1).split("."))
            starts[table] = number
        elif (key := _KEY.match(line)) is not None:
            starts.setdefault((*table, key.group(1)), number)
            rest = line[key.end() :]
        closing = _left_open(rest)
    return Places(lines, starts)


def _left_open(text: str) -> str:
    """The delimiter of a string that begins in `text` and does not end in it; empty if there is none."""
    while True:
        opened = min((d for d in _DELIMITERS if d in text), key=text.index, default="")
        if not opened:
            return ""
        _, closed, text = text.partition(opened)[2].partition(opened)
        if not closed:
            return opened
