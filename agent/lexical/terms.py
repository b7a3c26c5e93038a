"""Terms: the words that name a condition, found in a sentence in any order.

A term is a set of normalised words. It is found where all of them stand close together; where terms compete for the
same words the one that explains more of them wins.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.words import Vocabulary, Word

_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_HEDGED_TITLE = re.compile(r"^(other|unspecified)\b|,? (nec|not elsewhere classified)$", re.I)
_EMPTY_ALONE = frozenset(
    "type stage acute chronic right left bilateral person patient history disease disorder condition syndrome status "
    "examination activity adult child male female initial encounter problem finding complication care use primary "
    "secondary recurrent mild moderate severe period level lesion process abnormal place upper lower side limb part "
    "contact exposure donor counseling observation test service therapy treatment device material agent drug".split()
)
"""Words that name no condition when they stand alone, though some title is made of nothing else."""

_RANKS = {"lexicon": 0, "title": 1, "inclusion": 2, "index": 3, "neoplasm": 4, "eindex": 5, "drug": 6}
_WIDEST_GAP = 3
"""The most content words that may stand between the words of a term."""


class Term(NamedTuple):
    """A set of words and the code, or header, that it leads to; `kind` is the lexicon's, empty elsewhere."""

    forms: frozenset[str]
    code: str
    source: str
    kind: str
    text: str
    weight: float


class Hit(NamedTuple):
    """A term found in a sentence: the indexes of the words that it explains, in order, and how well."""

    term: Term
    words: tuple[int, ...]
    score: float

    @property
    def first(self) -> int:
        """The index of the first word explained."""
        return self.words[0]

    @property
    def last(self) -> int:
        """The index of the last word explained."""
        return self.words[-1]


class TermIndex:
    """All terms of a code table, by the rarest word of each; frozen once made, safe to share between threads."""

    def __init__(self, book: CodeBook) -> None:
        """Read the terms of `book`; where several sources have the same words the more trusted one is kept."""
        vocabulary = Vocabulary.load()
        best: dict[frozenset[str], tuple[int, str, str, str, str]] = {}
        for row in book.terms():
            forms = frozenset(row.bag.split())
            if row.source != "lexicon" and _ASIDE.search(row.text):
                forms = frozenset(vocabulary.bag(_ASIDE.sub(" ", row.text)))
            if not forms or not _nameable(forms, row.source, row.code):
                continue
            rank = _RANKS[row.source] * 2 + bool(row.source != "lexicon" and _HEDGED_TITLE.search(row.text))
            known = best.get(forms)
            if known is None or rank < known[0]:
                best[forms] = (rank, row.code, row.source, row.kind, row.text)
        counts = Counter(form for forms in best for form in forms)
        total = len(best) + 1
        self._rarity = {form: math.log(total / count) for form, count in counts.items()}
        self._by_anchor: dict[str, list[Term]] = {}
        for forms, (_, code, source, kind, text) in best.items():
            weight = sum(4 + self._rarity[form] for form in forms)
            anchor = min(forms, key=lambda form: (counts[form], form))
            self._by_anchor.setdefault(anchor, []).append(Term(forms, code, source, kind, text, weight))

    def find(self, words: Sequence[Word]) -> list[Hit]:
        """The terms that stand in one sentence, in order of place; none explains only words that a better one does."""
        places: dict[str, list[int]] = {}
        content: list[int] = []
        for index, word in enumerate(words):
            content.append((content[-1] if content else 0) + bool(word.forms))
            for form in word.forms:
                places.setdefault(form, []).append(index)
        hits: list[Hit] = []
        present = places.keys()
        for form in present:
            for term in self._by_anchor.get(form, ()):
                if term.forms <= present:
                    hits.extend(_place(term, form, places, content))
        return _choose(hits)


def _nameable(forms: frozenset[str], source: str, code: str) -> bool:
    """Whether a set of words can name a condition in a note."""
    if all(form in _EMPTY_ALONE or form.isdigit() or len(form) < 2 for form in forms):
        return False
    # Titles of external causes are made of everyday words; only what the lexicon or an index says of them is safe.
    return not (code[0] in "VWXY" and source in ("title", "inclusion"))


def _place(term: Term, anchor: str, places: dict[str, list[int]], content: list[int]) -> Iterable[Hit]:
    """The places of a term whose words all stand in the sentence: around each place of its rarest word, the closest."""
    size = len(term.forms)
    for index in places[anchor]:
        chosen = {index}
        for form in term.forms:
            if form != anchor:
                chosen.add(min(places[form], key=lambda place: abs(place - index)))
        first, last = min(chosen), max(chosen)
        gap = max(0, content[last] - content[first] + 1 - len(chosen))
        if gap <= min(_WIDEST_GAP, size):
            yield Hit(term, tuple(sorted(chosen)), term.weight - 2.5 * gap)


def _choose(hits: list[Hit]) -> list[Hit]:
    """The best hits: each explains at least one word that no better one has, and half of its words anew."""
    taken: set[int] = set()
    chosen: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.first, hit.term.code)):
        fresh = sum(1 for index in hit.words if index not in taken)
        if fresh and 2 * fresh >= len(hit.words):
            taken.update(hit.words)
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: (hit.first, hit.last))
