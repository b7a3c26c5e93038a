"""Phrases: what an index says, each with the code that it leads to.

A phrase is the path of terms from the main term down, without the nonessential modifiers in parentheses. Where a title
gives variants of one word ("Abdomen, abdominal"; "duct or passage") there is a phrase for each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product
from typing import NamedTuple

from agent.errors import SourceError
from agent.words import singular
from codesets.indexes import KINDS, Entry, parse_index, without_asides

_COLUMNS = {
    "neoplasm": ("malignant", "secondary malignant", "carcinoma in situ", "benign", "uncertain behavior", ""),
    "drug": (
        "poisoning, accidental",
        "poisoning, intentional self-harm",
        "poisoning, assault",
        "poisoning, undetermined",
        "adverse effect",
        "underdosing",
    ),
}
"""What the columns of the two tables say, from the second on."""

_MOST_VARIANTS = 4
"""How many phrases one entry gives at the most."""

_MOST_HOPS = 4
"""How many "see" references are followed in a row at the most."""

_EITHER = re.compile(r"(\w+) or (\w+)")
_STEM = 4
"""Letters that variants of a word have in common ("intestine, intestinal"); "skin, scalp" have fewer."""


class IndexTerm(NamedTuple):
    """A phrase of an index and the code that it leads to, as printed."""

    text: str
    code: str


def read_index(data: bytes, *, path: str) -> tuple[str, list[IndexTerm]]:
    """Which index a file is, and its phrases in their order; "see" is followed where it names exactly one entry.

    Raises:
        SourceError: the file is no index, or not in its published form.
    """
    kind, mains = parse_index(data, path=path)
    terms = list(dict.fromkeys(_terms(kind, mains)))
    if not terms:
        raise SourceError(f"{path} is {KINDS[kind]} by its form, but leads to no code at all", path=path)
    return kind, terms


def _terms(kind: str, mains: list[Entry]) -> Iterator[IndexTerm]:
    finder = _Finder(mains)
    columns = _COLUMNS.get(kind, ())
    stack = [
        (entry, [entry.phrase.partition(",")[0]] if kind == "neoplasm" else _variants(entry.phrase)) for entry in mains
    ]
    stack.reverse()
    while stack:
        entry, paths = stack.pop()
        for child in reversed(entry.below):
            said = islice(product(paths, _variants(child.phrase)), _MOST_VARIANTS)
            stack.append((child, [f"{path}, {variant}" for path, variant in said]))
        target = finder.follow(entry)
        if target is None:
            continue
        for path in paths:
            yield from (IndexTerm(path, code) for code in target.codes)
            for column, code in target.cells.items():
                if 2 <= column < len(columns) + 2:
                    yield IndexTerm(f"{path}, {columns[column - 2]}".removesuffix(", "), code)


def _variants(phrase: str) -> list[str]:
    """The ways to read a title; the title itself where it gives no variants."""
    either = _EITHER.fullmatch(phrase)
    if either is not None:
        return [either[1], either[2]]
    words = phrase.removesuffix(" NEC").split(", ")
    if len(words) == 1 or any(" " in word for word in words):
        return [phrase]
    stem = words[0][:_STEM].lower()
    return words if len(stem) == _STEM and all(word.lower().startswith(stem) for word in words) else [phrase]


class _Finder:
    """Finds the entry that a "see" reference names."""

    def __init__(self, mains: list[Entry]) -> None:
        self._top = Entry("", None, below=mains)
        self._named: dict[int, dict[str, list[tuple[tuple[str, ...], Entry]]]] = {}

    def follow(self, entry: Entry) -> Entry | None:
        """The entry whose codes hold for `entry`: itself, or what it refers to; None where that is not one entry."""
        for _ in range(_MOST_HOPS):
            if entry.codes or entry.cells:
                return entry
            found = self._at(self._top, _words(without_asides(entry.see))) if entry.see else {}
            if len(found) != 1:
                return None
            entry = next(iter(found.values()))
        return None

    def _at(self, entry: Entry, words: tuple[str, ...]) -> dict[int, Entry]:
        """What stands below `entry` under exactly these words, by identity."""
        if not words:
            return {id(entry): entry}
        found: dict[int, Entry] = {}
        for name, child in self._children(entry).get(words[0], ()):
            if words[: len(name)] == name:
                found.update(self._at(child, words[len(name) :]))
        return found

    def _children(self, entry: Entry) -> dict[str, list[tuple[tuple[str, ...], Entry]]]:
        """The names of what stands directly below, by their first word."""
        known = self._named.get(id(entry))
        if known is None:
            known = self._named[id(entry)] = {}
            for child in entry.below:
                for name in {_words(child.phrase), _words(child.phrase.partition(",")[0])}:
                    if name:
                        known.setdefault(name[0], []).append((name, child))
        return known


def _words(text: str) -> tuple[str, ...]:
    """A title or reference as it is compared: references leave out commas, plurals and NEC as they like."""
    return tuple(singular(word) for word in text.lower().replace(",", " ").split() if word != "nec")
