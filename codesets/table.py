"""The table: what was gathered for an edition, written to a DuckDB file by codesets/schema.sql."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from agent.words import Vocabulary
from codesets.editions import Edition
from codesets.indexes import KINDS
from codesets.lexicon import abbreviations
from codesets.ranking import index
from codesets.tabular import Tabular
from codesets.variants import plain

if TYPE_CHECKING:
    import duckdb

SCHEMA_VERSION = 1
"""Raised with every change of what the table holds; a table of another version is not opened but built anew."""

SEPARATOR = "\x1f"
"""Stands between values that go in or out as one text; no text of an official file or of the lexicon holds it."""

_WRITTEN = re.compile(r"(?=.*[^\W\d])[\w\s/.&'+-]+")
"""Abbreviations that can be told from the words of a query, where signs are lost: "2\N{DEGREE SIGN}" would be any 2."""


class TermRow(NamedTuple):
    """A phrase, the number of the node that it leads to, where it is from, and the lexicon's kind."""

    text: str
    node: int
    source: str
    kind: str


class SourceRow(NamedTuple):
    """A file that the table was made from, and what it gave."""

    name: str
    role: str
    sha256: str
    gave: str


class Gathered(NamedTuple):
    """Everything that a table holds; `sha256` is of all that it was made from."""

    edition: Edition
    sha256: str
    tabular: Tabular
    terms: Sequence[TermRow]
    sources: Sequence[SourceRow]


def write_table(folder: Path, gathered: Gathered) -> Path:
    """Write the table into an empty folder of its own, and return its path.

    Raises:
        OSError: the folder can't be written, or the disk is full.
    """
    import duckdb

    path, scratch = folder / "table.duckdb", folder / "rows.csv"
    tabular, edition = gathered.tabular, gathered.edition
    vocabulary = Vocabulary.load()
    terms, bags = _bags(gathered.terms, vocabulary)
    postings = index(bags, _asides(terms, vocabulary))
    weighed = enumerate(zip(terms, bags, postings.weights, strict=True))
    try:
        with duckdb.connect(str(path), config={"threads": 1}) as table:
            table.execute((files("codesets") / "schema.sql").read_text(encoding="utf-8"))
            _insert(table, "node", [(number, *node) for number, node in enumerate(tabular.nodes)], scratch)
            _insert(table, "note", [(number, *note) for number, note in enumerate(tabular.notes)], scratch)
            _insert(table, "seventh", tabular.sevenths, scratch)
            rows = [(n, t.text, bag, t.node, t.source, t.kind, weight) for n, (t, bag, weight) in weighed]
            _insert(table, "term", rows, scratch)
            _insert(table, "abbreviation", _readings(terms, bags, vocabulary), scratch)
            _insert(table, "source", gathered.sources, scratch)
            table.execute(
                "INSERT INTO posting SELECT unnest(?), unnest(?::BLOB[])",
                [list(postings.packed), list(postings.packed.values())],
            )
            table.execute(
                "INSERT INTO edition SELECT ?, ?, ?, ?, ?, ?, "
                "(SELECT count(*) FROM node), (SELECT count(*) FROM note), (SELECT count(*) FROM seventh), "
                "(SELECT count(*) FROM term), (SELECT count(*) FROM posting)",
                [SCHEMA_VERSION, edition.system, edition.name, *edition.effective, gathered.sha256],
            )
            # Closing writes too, but says nothing when it fails.
            table.execute("CHECKPOINT")
    except duckdb.Error as error:
        raise OSError(None, str(error).strip().partition("\n")[0]) from error
    return path


def _bags(rows: Sequence[TermRow], vocabulary: Vocabulary) -> tuple[list[TermRow], list[str]]:
    """The terms with their words, without phrases of an added index that say what a term before them says."""
    terms: list[TermRow] = []
    bags: list[str] = []
    said: set[tuple[int, frozenset[str]]] = set()
    for row in rows:
        forms = vocabulary.bag(row.text if row.source == "lexicon" else plain(row.text))
        key = (row.node, frozenset(forms))
        if row.source not in KINDS or key not in said:
            terms.append(row)
            bags.append(" ".join(forms))
            said.add(key)
    return terms, bags


def _asides(terms: Sequence[TermRow], vocabulary: Vocabulary) -> dict[int, str]:
    """The words of official terms that stand in parentheses or brackets, by the number of the term."""
    return {
        number: " ".join(vocabulary.bag(term.text))
        for number, term in enumerate(terms)
        if term.source in ("title", "inclusion") and ("(" in term.text or "[" in term.text)
    }


def _readings(terms: Sequence[TermRow], bags: Sequence[str], vocabulary: Vocabulary) -> list[tuple[str, str, bool]]:
    """The abbreviations with the words of each reading, and whether they are told from words in small letters too."""
    official = {
        form
        for term, bag in zip(terms, bags, strict=True)
        if term.source in ("title", "inclusion")
        for form in bag.split()
    }
    found: list[tuple[str, str, bool]] = []
    for reading in abbreviations():
        forms = vocabulary.bag(reading.short)
        # "on" and "as" are no words of any term, but words they are.
        clear = reading.in_any_case or bool(forms and official.isdisjoint(forms))
        if _WRITTEN.fullmatch(reading.short):
            found.append((reading.short.lower(), " ".join(vocabulary.bag(reading.expansion)), clear))
    return found


def _insert(table: duckdb.DuckDBPyConnection, name: str, rows: Sequence[tuple[object, ...]], scratch: Path) -> None:
    """Insert rows by way of a file: DuckDB takes minutes to bind them one at a time, and twice as long by column."""
    scratch.write_text("\n".join([SEPARATOR.join(map(str, row)) for row in rows]), encoding="utf-8", newline="\n")
    table.execute(
        f"COPY {name} FROM '{_quoted(scratch)}' (FORMAT csv, HEADER false, AUTO_DETECT false, DELIMITER '{SEPARATOR}', "
        "QUOTE '', ESCAPE '', NULL '\\N')"
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
