"""The sheet: a claim with each of its codes looked up, as rules read it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from agent.claim import Claim
from agent.codebook import Code, CodeBook
from agent.records import Setting


class Entry(NamedTuple):
    """A code of a claim at its place (from 1): as it was given, in the edition's form, and what the edition says of it.

    `node` is None for what is no code of the edition; `code` is then what was given, in capitals.
    """

    place: int
    given: str
    code: str
    poa: str | None
    node: Code | None

    @property
    def named(self) -> str:
        """The code with its title, for messages."""
        return f"{self.code} ({self.node.title})" if self.node else self.code

    @property
    def billable(self) -> bool:
        """Whether it is a whole code of the edition."""
        return self.node is not None and self.node.billable


class Sheet:
    """A claim as rules read it; made once for a claim."""

    def __init__(self, claim: Claim, book: CodeBook) -> None:
        """Look up every code of `claim` in `book`."""
        self.claim = claim
        self.book = book

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The codes in claim order."""
        entries = []
        for place, one in enumerate(self.claim.codes, start=1):
            node = self.book.get(one.code)
            code = node.code if node else one.code.strip().upper()
            entries.append(Entry(place, one.code, code, one.poa, node))
        return tuple(entries)

    @cached_property
    def whole(self) -> tuple[Entry, ...]:
        """The entries that are billable codes, each code once: what rules about codes look at."""
        once: dict[str, Entry] = {}
        for entry in self.entries:
            if entry.billable:
                once.setdefault(entry.code, entry)
        return tuple(once.values())

    @property
    def first(self) -> Entry | None:
        """The first-listed or principal diagnosis, if it is a billable code."""
        return self.entries[0] if self.entries and self.entries[0].billable else None

    @property
    def inpatient(self) -> bool:
        """Whether the setting is known to be inpatient."""
        return self.claim.setting is Setting.INPATIENT

    @property
    def outpatient(self) -> bool:
        """Whether the setting is known to be outpatient."""
        return self.claim.setting is Setting.OUTPATIENT

    def starting(self, *beginnings: str) -> Iterator[Entry]:
        """The whole codes that begin with one of `beginnings`, in claim order."""
        return (entry for entry in self.whole if entry.code.startswith(beginnings))
