"""The lexicon of codesets/lexicon: words and phrases of clinical notes that stand in no official title."""

from __future__ import annotations

from importlib.resources import files
from typing import NamedTuple

from agent.words import read_lexicon


class LexiconTerm(NamedTuple):
    """A phrase and the code or header that it leads to, as the lexicon has them."""

    text: str
    code: str
    kind: str


class Abbreviation(NamedTuple):
    """An abbreviation and one of its readings; `in_any_case` where small letters can't be taken for a word."""

    short: str
    expansion: str
    in_any_case: bool


def lexicon_files() -> list[tuple[str, bytes]]:
    """Every file of the lexicon by name, in order: the table depends on each of them."""
    folder = files("codesets") / "lexicon"
    return [
        (item.name, item.read_bytes())
        for item in sorted(folder.iterdir(), key=lambda item: item.name)
        if item.is_file()
    ]


def lexicon_terms() -> list[LexiconTerm]:
    """The terms of every `terms_*.tsv`, in order of file and line."""
    return [
        LexiconTerm(row["term"], row["code"], row["kind"])
        for name, _ in lexicon_files()
        if name.startswith("terms_") and name.endswith(".tsv")
        for row in read_lexicon(name)
        if row["term"] and row["code"]
    ]


def abbreviations() -> list[Abbreviation]:
    """The readings of `abbreviations.tsv`; the ambiguous ones have several."""
    return [
        Abbreviation(row["abbreviation"], row["expansion"], "anycase" in row["note"].split())
        for name, _ in lexicon_files()
        if name == "abbreviations.tsv"
        for row in read_lexicon(name)
        if row["abbreviation"] and row["expansion"]
    ]
