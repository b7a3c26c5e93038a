"""Tables: words and pairs that code reads as data, in TSV files beside it; a `#` begins a line of comment."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files


def read_rows(package: str, name: str) -> Iterator[dict[str, str]]:
    """The rows of the file `name` in `package`, by column; without blank lines and comments, cells stripped."""
    text = (files(package) / name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        yield {key: (value or "").strip() for key, value in row.items() if key is not None}


@cache
def read_words(package: str, name: str) -> Mapping[str, tuple[str, ...]]:
    """The words of each kind in a file of the columns kind and words, which stand between semicolons."""
    rows = read_rows(package, name)
    return {row["kind"]: tuple(word.strip() for word in row["words"].split(";")) for row in rows}
