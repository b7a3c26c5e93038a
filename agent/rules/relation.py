"""Relation: what the tabular list's notes say of a code and others; which two exclude each other, which go together.

Notes hold for a code from its own node up to its chapter. What was read is kept for each code book and base code.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from agent.codebook import CodeBook, Note
from agent.rules.codeset import CodeSet, read_codes
from agent.tables import read_rows

KINDS = frozenset({"excludes1", "excludes2", "code_first", "use_additional", "code_also"})
"""The kinds of notes that relate a code to others."""

_KEPT = 65_536
"""Codes of a book whose lines are kept."""


class Relation(NamedTuple):
    """A note that relates the codes at and below `at` to others; `kind` is one of KINDS.

    `codes` are those that its text names, None where it names a condition by words alone. `unread` is what of the text
    looks like codes and could not be read; `codes` is without it.
    """

    kind: str
    at: str
    codes: CodeSet | None
    text: str
    unread: str

    def names(self, code: str) -> bool:
        """Whether the note names a code or a header above it."""
        return self.codes is not None and self.codes.holds(code)

    @property
    def conditional(self) -> bool:
        """Whether codes alone can't tell if the note holds.

        It says itself when it does not, `(I05-I09) unless rheumatic fever is also present`, or it names whatever is
        coded elsewhere, `specified adverse effects of drugs and medicaments (A00-R94 and T80-T88.6, T88.8)`.
        """
        return " unless " in self.text or (self.codes is not None and self.codes.wide)


@lru_cache(maxsize=16384)
def read_relation(note: Note) -> Relation:
    """The relation that a note of one of KINDS states."""
    codes, unread = read_codes(note.text)
    return Relation(note.kind, note.at, codes, note.text, unread)


def relations(book: CodeBook, code: str) -> tuple[Relation, ...]:
    """All relations that hold for a code, inherited ones too, the nearest first.

    Raises:
        UnknownCode: the edition has no such code.
    """
    return tuple(relation for node in _line(book, code).nodes for relation in node.relations)


def partners(book: CodeBook, code: str, kind: str) -> tuple[Relation, ...]:
    """The relations of one kind that hold for a code, the nearest first.

    Raises:
        UnknownCode: the edition has no such code.
    """
    return tuple(one for node in _line(book, code).nodes for one in node.relations if one.kind == kind)


def naming(book: CodeBook, near: str, far: str, kind: str) -> Iterator[Relation]:
    """The relations of one kind that hold for `near` and name `far` but not `near` itself, the nearest first.

    Raises:
        UnknownCode: the edition has no such code.
    """
    key = (kind, far.strip()[:1].upper())
    for node in _line(book, near).nodes:
        for relation in node.by_letter.get(key, ()):
            if relation.names(far) and not relation.names(near):
                yield relation


def excludes1(book: CodeBook, one: str, other: str) -> Relation | None:
    """The Excludes1 note that forbids two codes together: one that holds for either and names the other (I.A.12.a).

    Of several it is the nearest to `one`, then the nearest to `other`. Codes that differ in their added 7th character
    alone are the same condition and don't exclude each other. Nor do two codes that the note names both, where these
    stand below its own node: it sets them apart from the rest of the node, not from each other. Whether the two
    conditions are unrelated, which is the exception, no note can tell.

    Raises:
        UnknownCode: the edition has no such code.
    """
    if _line(book, one).base == _line(book, other).base:
        return None
    for near, far in ((one, other), (other, one)):
        for relation in naming(book, near, far, "excludes1"):
            return relation
    return None


def allowed(book: CodeBook, one: str, other: str) -> Relation | None:
    """The Excludes2 note that allows what `excludes1` forbids, where one node has both notes of the same codes.

    The two mean different conditions that share a code: chronic gout (M1A) is not `gout NOS (M10.-)`, and may well
    stand with `acute gout (M10.-)`. The codes alone then don't tell. A wider Excludes2 note changes nothing.

    Raises:
        UnknownCode: the edition has no such code.
    """
    forbidding = excludes1(book, one, other)
    if forbidding is None or forbidding.codes is None:
        return None
    for near, far in ((one, other), (other, one)):
        for relation in partners(book, near, "excludes2"):
            if relation.at == forbidding.at and relation.codes is not None:
                spans = (span for span in relation.codes.spans if CodeSet((span,)).holds(far))
                if any(forbidding.codes.holds(f"{span.first}-{span.last}") for span in spans):
                    return relation
    return None


def is_manifestation(book: CodeBook, code: str) -> bool:
    """Whether a code can only stand behind its etiology, and so never first (I.A.13).

    It, or a header above it, says so in its title, such as "in diseases classified elsewhere", and a code first note
    holds for it that is no matter of circumstances.

    Raises:
        UnknownCode: the edition has no such code.
    """
    return _line(book, code).manifestation


# -- what is kept ------------------------------------------------------------------------------------------------------


class _Node(NamedTuple):
    """The relations that stand at one node: as they are, and by kind and first letter of the codes that they name."""

    relations: tuple[Relation, ...]
    by_letter: dict[tuple[str, str], tuple[Relation, ...]]


class _Line(NamedTuple):
    """What holds for a code: the nodes with relations from its base up to its chapter, which codes share."""

    base: str
    nodes: tuple[_Node, ...]
    manifestation: bool


class _Kept(NamedTuple):
    """What was read of a book: nodes by their code, lines by the code that was asked for."""

    nodes: dict[str, _Node]
    lines: dict[str, _Line]


_books: WeakKeyDictionary[CodeBook, _Kept] = WeakKeyDictionary()
_lock = threading.Lock()


def _line(book: CodeBook, code: str) -> _Line:
    kept = _books.get(book)
    if kept is None:
        with _lock:
            kept = _books.setdefault(book, _Kept({}, {}))
    line = kept.lines.get(code)
    if line is None:
        if len(kept.lines) >= _KEPT:
            kept.lines.clear()
        line = kept.lines[code] = _read_line(book, code, kept.nodes)
    return line


def _read_line(book: CodeBook, code: str, nodes: dict[str, _Node]) -> _Line:
    base = _base(book, code)
    at: dict[str, list[Note]] = {}
    for note in book.notes(base):
        if note.kind in KINDS:
            at.setdefault(note.at, []).append(note)
    line = tuple(nodes[place] if place in nodes else nodes.setdefault(place, _node(some)) for place, some in at.items())
    code_first = [relation for node in line for relation in node.relations if relation.kind == "code_first"]
    return _Line(base, line, bool(code_first) and _is_manifestation(book, base, code_first))


def _node(notes: Sequence[Note]) -> _Node:
    found = tuple(read_relation(note) for note in notes)
    letters: dict[tuple[str, str], list[Relation]] = {}
    for relation in found:
        for letter in relation.codes.letters() if relation.codes is not None else ():
            letters.setdefault((relation.kind, letter), []).append(relation)
    return _Node(found, {key: tuple(some) for key, some in letters.items()})


def _is_manifestation(book: CodeBook, base: str, code_first: Sequence[Relation]) -> bool:
    found = book.get(base)
    nodes = book.parents(base) if found is None else (found, *book.parents(base))
    titles = [node.title.lower() for node in nodes if node.kind not in ("block", "chapter")]
    yes, no = _manifestation_words()
    if not any(any(word in title for word in yes) and not any(word in title for word in no) for title in titles):
        return False
    return any("if applicable" not in relation.text for relation in code_first)


def _base(book: CodeBook, code: str) -> str:
    """The code without its added 7th character; what the edition doesn't have is left for the book to refuse."""
    found = book.get(code)
    return code if found is None else found.base


@cache
def _manifestation_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    rows = tuple(read_rows("agent.rules", "manifestation.tsv"))
    return tuple(row["words"] for row in rows if row["is"] == "yes"), tuple(
        row["words"] for row in rows if row["is"] == "no"
    )
