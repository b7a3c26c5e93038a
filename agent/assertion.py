"""Assertion: what the words around a condition say of it, by cue words with scope.

The method is that of NegEx and ConText (Chapman 2001, Harkema 2009): a cue reaches forwards or backwards until the
sentence, a semicolon or a word like "but" ends it; pseudo-cues ("no change in") claim their words and mean nothing.
The cues are data, in `agent/cues.tsv`; a number in `reach` is the most words that a cue reaches over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from agent.records import Assertion
from agent.tables import read_rows
from agent.text import sentences
from agent.words import Vocabulary, Word

_ORDER = (
    Assertion.FAMILY,
    Assertion.HYPOTHETICAL,
    Assertion.NEGATED,
    Assertion.UNCERTAIN,
    Assertion.HISTORICAL,
    Assertion.PLANNED,
)
"""Where several cues reach a condition, the first of these is what is said of it."""

_SECTION_SAYS = {
    "family_history": Assertion.FAMILY,
    "instructions": Assertion.HYPOTHETICAL,
    "differential": Assertion.UNCERTAIN,
    "psh": Assertion.HISTORICAL,
    "allergies": Assertion.HISTORICAL,
}
"""Kinds of section that speak for themselves where no cue does."""

_WINDOW = 400
"""Code points on each side of a passage in which its sentence is looked for."""

_BREAKS = frozenset(";\u2022")
"""Signs that end the reach of a cue. A line's end does not: where it ends a sentence, `sentences` has cut there."""

_CROSSED = re.compile(r"[\[(]\s?[-\u2013]\s?[\])]\s*$")
"""A box that is ticked as not there, right before a word: "[-] fever", "(-) nausea"."""

_SUBJECTS = frozenset("that he she it they you patient pt the who".split())
"""Words that may stand between a cue and the verb of its clause: "unclear whether she has", "if the patient has"."""

_NEAR_CLAUSE = frozenset((Assertion.NEGATED, Assertion.FAMILY))
"""Kinds of cue that another subject ends: "no, she has", "with her mother, she presents with"."""

_TELLS = frozenset(
    "reports reported states stated says said notes noted noticed denies denied thinks feels believes describes "
    "endorses brought brings worried concerned present".split()
)
"""What a relative does who speaks for the patient; the condition is then not the relative's."""


class Reading(NamedTuple):
    """What is said of a condition, and the cue that says it (empty where the section or nothing does)."""

    assertion: Assertion
    cue: str


@dataclass(frozen=True)
class _Cue:
    words: tuple[str, ...]
    kind: str
    direction: str
    reach: int


class _Scope(NamedTuple):
    """The words `first` to `last` that a cue reaches over; the cue itself is the words `start` up to `end`."""

    first: int
    last: int
    kind: Assertion
    cue: str
    start: int
    end: int

    def within(self, own: Sequence[int], first: int) -> bool:
        """Whether the cue is made of a condition's own words, whose first is `first` (with a "for" between them)."""
        if self.start == self.end or (self.kind is Assertion.NEGATED and self.start == first):
            return False
        return self.start in own and self.end <= own[-1] + 1


class Scopes:
    """The cues of one sentence and how far they reach; made once, asked for every condition in it."""

    def __init__(self, text: str, words: Sequence[Word]) -> None:
        """Read the cues among `words`, which are the words of one sentence of `text` in order."""
        lows = [word.raw.lower().replace("\u2019", "'") for word in words]
        found = _find(lows, text, words)
        stops = [(i, j) for i, j, cue in found if cue.kind == "stop"]
        for i in range(1, len(words)):
            if any(c in _BREAKS for c in text[words[i - 1].end : words[i].start]):
                stops.append((i, i))
        self._scopes = [
            scope
            for i, j, cue in found
            if cue.kind not in ("stop", "pseudo")
            for scope in _reach(i, j, cue, stops, lows)
        ]

    def denied(self) -> frozenset[int]:
        """The words that stand in the scope of a negation; they make no condition more specific."""
        return frozenset(
            index
            for scope in self._scopes
            if scope.kind is Assertion.NEGATED
            for index in range(scope.first, scope.last + 1)
        )

    def read(self, first: int, last: int, section: str, own: Sequence[int] = ()) -> Reading:
        """What is said of the condition in words `first` to `last` (both included), in a section of kind `section`.

        `own` are the words that name the condition; a cue that is made of them says nothing of it ("screening for colon
        cancer", "concussion without loss of consciousness"), but for a denial that begins it.
        """
        said = {
            scope.kind: scope
            for scope in self._scopes
            if scope.first <= last and first <= scope.last and not scope.within(own, first)
        }
        for kind in _ORDER:
            if kind in said:
                return Reading(kind, said[kind].cue)
        return Reading(_SECTION_SAYS.get(section, Assertion.AFFIRMED), "")


def read_at(text: str, start: int, end: int, section: str) -> Reading:
    """What the cue words of its sentence say of the passage `[start, end)` of `text`, in a section of a kind."""
    begin = max(0, start - _WINDOW)
    for first, last in sentences(text, begin, min(len(text), end + _WINDOW)):
        if first <= start < last:
            sentence = text[first : max(last, end)]
            words = Vocabulary.load().words(sentence)
            inside = [i for i, word in enumerate(words) if word.end > start - first and word.start < end - first]
            if inside:
                return Scopes(sentence, words).read(inside[0], inside[-1], section)
    return Reading(_SECTION_SAYS.get(section, Assertion.AFFIRMED), "")


def _reach(i: int, j: int, cue: _Cue, stops: list[tuple[int, int]], lows: list[str]) -> list[_Scope]:
    kind, name = Assertion(cue.kind), " ".join(cue.words)
    scopes = []
    if kind is Assertion.FAMILY and _tells(lows[j : j + 2]):
        return []
    if cue.direction in ("forward", "both"):
        # A stop that follows at once is part of what the cue says: "her mother had", "likely due to", "if she has".
        verb = j
        may = frozenset(("who",)) if kind in _NEAR_CLAUSE and lows[j : j + 1] != ["that"] else _SUBJECTS
        while verb + 1 < len(lows) and lows[verb] in may:
            verb += 1
        last = min([len(lows) - 1, j - 1 + cue.reach] + [a - 1 for a, b in stops if a > verb or (a == b and a >= j)])
        if last >= j:
            scopes.append(_Scope(j, last, kind, name, i, j))
    if cue.direction in ("backward", "both"):
        first = max([0, i - cue.reach] + [b for _, b in stops if b <= i])
        if first <= i - 1:
            scopes.append(_Scope(first, i - 1, kind, name, i, j))
    return scopes


def _tells(lows: list[str]) -> bool:
    """Whether a relative speaks for the patient: "mother reports", "parents are worried"."""
    helped = bool(lows) and lows[0] in ("has", "have", "is", "are", "was", "were")
    return not _TELLS.isdisjoint(lows if helped else lows[:1])


def _find(lows: list[str], text: str, words: Sequence[Word]) -> list[tuple[int, int, _Cue]]:
    """The cues of a sentence as (first word, word after, cue), the longest at each place, none over another."""
    known = _cues()
    found: list[tuple[int, int, _Cue]] = []
    i = 0
    while i < len(lows):
        step = 1
        longest = 0
        for cue in known.get(lows[i], ()):
            n = len(cue.words)
            if n < longest:
                break
            if tuple(lows[i : i + n]) == cue.words:
                found.append((i, i + n, cue))
                longest = step = n
        before = text[words[i - 1].end if i else 0 : words[i].start]
        if before.endswith(("?", "? ")):
            found.append((i, i, _Cue(("?",), "uncertain", "forward", 3)))
        if _CROSSED.search(before):
            found.append((i, i, _Cue(("[-]",), "negated", "forward", 4)))
        i += step
    return found


@cache
def _cues() -> dict[str, tuple[_Cue, ...]]:
    """The cues by their first word, the longest first; one phrase may stand with two directions."""
    by_first: dict[str, list[_Cue]] = {}
    for row in read_rows("agent", "cues.tsv"):
        words = tuple(word.raw.lower() for word in Vocabulary({}, {}).words(row["cue"]))
        if words:
            reach = int(row["reach"]) if row["reach"] else 1_000
            by_first.setdefault(words[0], []).append(_Cue(words, row["kind"], row["direction"], reach))
    return {first: tuple(sorted(cues, key=lambda cue: -len(cue.words))) for first, cues in by_first.items()}
