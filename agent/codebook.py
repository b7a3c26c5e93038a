"""The code book: the only reader of the code table, bound to one edition.

The table is a DuckDB file in the cache folder, built at first use and opened read-only. What is asked for often is read
from it once, when it is first asked for, and kept: codes, notes, and the words of all terms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from agent.config import Settings
from agent.errors import UnknownCode
from agent.records import Codeset

if TYPE_CHECKING:
    from codesets.search import Search
    from codesets.store import Store


class Code(NamedTuple):
    """A code, or a header above codes, of the edition.

    `kind` is chapter, block, category, subcategory or code; only a `code` is billable. `parent` is the code it stands
    under, empty for a chapter. `seventh` is the 7th character that was added to the parent, empty for all others.
    """

    code: str
    title: str
    kind: str
    parent: str
    depth: int
    seventh: str

    @property
    def billable(self) -> bool:
        """Whether it may be reported: it has its highest number of characters."""
        return self.kind == "code"

    @property
    def base(self) -> str:
        """The code without its added 7th character; of other codes, the code itself."""
        return self.parent if self.seventh else self.code


class Note(NamedTuple):
    """An instructional note or inclusion term; `at` is the code, block or chapter where it stands.

    `kind` is inclusion, includes, excludes1, excludes2, code_first, use_additional, code_also, note or
    seventh_character.
    """

    kind: str
    text: str
    at: str


class SeventhCharacter(NamedTuple):
    """A 7th character, its meaning, and the code where it is defined."""

    character: str
    meaning: str
    at: str


class Term(NamedTuple):
    """A phrase that leads to a code or header; `bag` is its normalised content words, joined by spaces.

    `source` is title, inclusion, variant (of a title), lexicon, index, neoplasm, drug or eindex; `kind` is the
    lexicon's, empty elsewhere. Words in parentheses or brackets are not in the bag of an official term.
    """

    text: str
    bag: str
    code: str
    source: str
    kind: str


class Hit(NamedTuple):
    """A code or header that a search found; `text` is the phrase that was matched, `score` is over 0 and up to 1."""

    code: str
    title: str
    score: float
    text: str
    source: str
    billable: bool


class _Codes(NamedTuple):
    """All nodes by column, in tabular order; a number is the place of a node in each of them."""

    codes: list[str]
    titles: list[str]
    kinds: list[str]
    parents: list[int]
    depths: list[int]
    sevenths: list[str]
    numbers: dict[str, int]

    def at(self, number: int) -> Code:
        parent = self.parents[number]
        return Code(
            self.codes[number],
            self.titles[number],
            self.kinds[number],
            "" if parent < 0 else self.codes[parent],
            self.depths[number],
            self.sevenths[number],
        )


class CodeBook:
    """One edition of the code table; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        """Read from an open table; use `CodeBook.open`."""
        self._store = store

    @classmethod
    def open(cls, settings: Settings, *, progress: Callable[[str], None] | None = None) -> CodeBook:
        """The code book of the current edition; its table is built if there is none, or only a damaged one.

        Args:
            settings: where the tables lie.
            progress: is given a line when a table is built.

        Raises:
            SourceError: an official file is missing or not as published.
            CodeTableError: the cache folder can't be read or written.
        """
        from codesets.store import Store

        return cls(Store(settings, progress))

    @property
    def edition(self) -> Codeset:
        """The edition that the book is bound to."""
        return self._store.edition

    def close(self) -> None:
        """Let go of the file; the code book must not be used afterwards."""
        self._store.close()

    # -- codes ---------------------------------------------------------------------------------------------------------

    def get(self, code: str) -> Code | None:
        """The code or header, in any case and with or without its dot; None if the edition has none."""
        codes = self._codes
        number = codes.numbers.get(_dotted(code))
        return None if number is None else codes.at(number)

    def codes(self) -> Iterator[Code]:
        """Every node of the edition in tabular order: chapters, blocks, headers and codes."""
        codes = self._codes
        return (codes.at(number) for number in range(len(codes.codes)))

    def parents(self, code: str) -> tuple[Code, ...]:
        """What the code stands under, the nearest first, up to its chapter.

        Raises:
            UnknownCode: the edition has no such code.
        """
        return tuple(self._codes.at(number) for number in self._line(code)[1:])

    def children(self, code: str) -> tuple[Code, ...]:
        """What stands directly below, in tabular order; expanded codes below the base that they expand.

        Raises:
            UnknownCode: the edition has no such code.
        """
        codes = self._codes
        return tuple(codes.at(number) for number in self._below.get(self._number(code), ()))

    def siblings(self, code: str) -> tuple[Code, ...]:
        """What stands beside the code under the same parent, without the code itself.

        Raises:
            UnknownCode: the edition has no such code.
        """
        codes = self._codes
        number = self._number(code)
        return tuple(codes.at(other) for other in self._below.get(codes.parents[number], ()) if other != number)

    def is_billable(self, code: str) -> bool:
        """Whether the code is of the edition and has its highest number of characters."""
        found = self.get(code)
        return found is not None and found.billable

    def valid_on(self, day: date) -> bool:
        """Whether the edition holds on a date of service."""
        first, last = self.edition.effective
        return first <= day <= last

    def _number(self, code: str) -> int:
        number = self._codes.numbers.get(_dotted(code))
        if number is None:
            raise UnknownCode(self._unknown(code), code=code)
        return number

    def _line(self, code: str) -> list[int]:
        """The numbers from the code up to its chapter."""
        parents = self._codes.parents
        line = [self._number(code)]
        while parents[line[-1]] >= 0:
            line.append(parents[line[-1]])
        return line

    def _unknown(self, code: str) -> str:
        edition = f"{self.edition.system} {self.edition.edition}"
        stem = _dotted(code)
        while len(stem) > 3:
            stem = stem[:-1].rstrip(".")
            near = self.get(stem)
            if near is not None:
                return f"{code} is no code of {edition}; the nearest is {near.code} ({near.title})"
        return f"{code} is no code of {edition}; find codes by words: chartproof codes search TEXT"

    # -- notes ---------------------------------------------------------------------------------------------------------

    def notes(self, code: str) -> tuple[Note, ...]:
        """The notes that hold for a code, the nearest first: its own, and the instructional ones of what it is under.

        An expanded code has the notes of its base. Inclusion terms are not inherited: they name what their node holds.

        Raises:
            UnknownCode: the edition has no such code.
        """
        line, notes, codes = self._line(code), self._notes, self._codes
        own = 2 if codes.sevenths[line[0]] else 1
        return tuple(
            note
            for place, number in enumerate(line)
            for note in notes.get(number, ())
            if place < own or note.kind != "inclusion"
        )

    def inclusions(self, code: str) -> tuple[Note, ...]:
        """The inclusion terms of a code; of an expanded one, those of its base.

        Raises:
            UnknownCode: the edition has no such code.
        """
        number = self._number(code)
        if self._codes.sevenths[number]:
            number = self._codes.parents[number]
        return tuple(note for note in self._notes.get(number, ()) if note.kind == "inclusion")

    def seventh_characters(self, code: str) -> tuple[SeventhCharacter, ...]:
        """The 7th characters that a code takes, or took; of a header, those defined for what stands below it.

        Raises:
            UnknownCode: the edition has no such code.
        """
        codes, line = self._codes, self._line(code)
        base = line[1] if codes.sevenths[line[0]] else line[0]
        existing = {codes.sevenths[number] for number in self._below.get(base, ())} - {""}
        for number in line:
            defined = self._sevenths.get(number)
            if defined:
                return tuple(one for one in defined if not existing or one.character in existing)
        return ()

    # -- search --------------------------------------------------------------------------------------------------------

    def search(self, text: str, k: int = 10) -> tuple[Hit, ...]:
        """The `k` codes and headers whose titles or other terms answer `text` best, the best first.

        Abbreviations are read in each of their meanings. Codes with an added 7th character are found by their base.
        """
        codes = self._codes
        return tuple(
            Hit(codes.codes[node], codes.titles[node], score, phrase, source, codes.kinds[node] == "code")
            for node, score, phrase, source in self._search.best(text, k)
        )

    def search_many(self, texts: Sequence[str], k: int = 10) -> tuple[tuple[Hit, ...], ...]:
        """`search` for each of `texts`, in their order."""
        return tuple(self.search(text, k) for text in texts)

    def terms(self) -> list[Term]:
        """Every phrase of the table and the code that it leads to, in the order of the sources."""
        columns = self._store.columns(
            "text, bag, code, source, term.kind", "term JOIN node ON node.id = term.node", order="term.id"
        )
        return list(map(Term, *columns))

    def sources(self) -> tuple[str, ...]:
        """What the table was made from, a line each: the file, what it is and what it gave."""
        rows = self._store.rows("SELECT name, role, sha256, gave FROM source")
        return tuple(f"{name}  {role}, {gave}, sha256 {sha256}" for name, role, sha256, gave in rows)

    # -- what is read from the table, once (twice at worst, where threads ask for it at the same time) -----------------

    @cached_property
    def _codes(self) -> _Codes:
        codes, titles, kinds, parents, depths, sevenths = self._store.columns(
            "code, title, kind, parent, depth, seventh", "node", order="id"
        )
        numbers = dict(zip(codes, range(len(codes)), strict=True))
        # Texts of few values come as an object for each row; one for each value saves 10 MB.
        one: dict[str, str] = {}
        kinds = list(map(one.setdefault, kinds, kinds))
        return _Codes(codes, titles, kinds, list(map(int, parents)), list(map(int, depths)), sevenths, numbers)

    @cached_property
    def _below(self) -> dict[int, list[int]]:
        below: dict[int, list[int]] = {}
        for number, parent in enumerate(self._codes.parents):
            below.setdefault(parent, []).append(number)
        return below

    @cached_property
    def _notes(self) -> dict[int, tuple[Note, ...]]:
        codes = self._codes.codes
        found: dict[int, list[Note]] = {}
        for node, kind, text in self._store.rows("SELECT node, kind, text FROM note ORDER BY id"):
            found.setdefault(node, []).append(Note(kind, text, codes[node]))
        return {node: tuple(notes) for node, notes in found.items()}

    @cached_property
    def _sevenths(self) -> dict[int, tuple[SeventhCharacter, ...]]:
        codes = self._codes.codes
        found: dict[int, list[SeventhCharacter]] = {}
        for node, letter, meaning in self._store.rows("SELECT node, letter, meaning FROM seventh"):
            found.setdefault(node, []).append(SeventhCharacter(letter, meaning, codes[node]))
        return {node: tuple(defined) for node, defined in found.items()}

    @cached_property
    def _search(self) -> Search:
        from codesets.search import Search

        return Search(self._store)


def _dotted(code: str) -> str:
    """A code as the table writes it, from any case, with or without its dot, or with the dash of a header (E11.-)."""
    plain = code.strip().upper().replace(".", "")
    if "-" in plain:
        plain, dash, last = plain.partition("-")
        return f"{plain}-{last}" if last else _dotted(plain)
    return plain if len(plain) <= 3 else f"{plain[:3]}.{plain[3:]}"
