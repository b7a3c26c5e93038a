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
from agent.words import Word

_HEDGED_TITLE = re.compile(r"^other\b", re.I)
_EMPTY_ALONE = frozenset(
    "type stage acute chronic right left bilateral person patient history disease disorder condition syndrome status "
    "examination activity adult child male female initial encounter problem finding complication care use primary "
    "secondary recurrent mild moderate severe period level lesion process abnormal place upper lower side limb part "
    "contact exposure donor counseling observation test service therapy treatment device material agent drug newborn "
    "neonatal axis atlas calcaneus patella astragalus malleus ganglion growth arrest litigation prosecution "
    "caffeine dye "
    "worm fit immersion hanging falling blood urine".split()
)
"""Words that name no condition when they stand alone, though some title is made of nothing else."""

_RANKS = {"lexicon": 0, "title": 1, "inclusion": 2, "index": 3, "neoplasm": 4, "eindex": 5, "drug": 6, "variant": 7}
_JOINS = frozenset(("and", "or", "with", "but", "plus"))
_ADDING = frozenset(("and", "or", "but", "plus"))
_ADDED = re.compile(r"\b(?:and|or|plus)\b|[,/&]", re.I)
_SIDES = frozenset(("right", "left", "bilateral"))
_MARKS = ",:()[]"
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
        best: dict[frozenset[str], tuple[int, str, str, str, str]] = {}
        for row in book.terms():
            forms = frozenset(row.bag.split())
            if not forms or not _nameable(forms, row.source, row.code):
                continue
            if len(forms) == 1 and row.source != "lexicon" and row.text.isupper():
                continue  # an acronym; what these mean in a note is for the abbreviations to say
            rank = _RANKS[row.source]
            if row.source != "lexicon" and _HEDGED_TITLE.search(row.text):
                # "Other hypertension" is what hypertension is not; it must not stand for the bare word.
                if len(forms) == 1:
                    continue
                rank += len(_RANKS)
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

    def find(self, text: str, words: Sequence[Word]) -> list[Hit]:
        """The terms that stand in one sentence, in order of place; none explains only words that a better one does.

        `words` are the words of `text`, the sentence.
        """
        places: dict[str, list[int]] = {}
        content: list[int] = []
        for index, word in enumerate(words):
            content.append((content[-1] if content else 0) + bool(word.forms))
            for form in word.forms:
                places.setdefault(form, []).append(index)
        joins = [index for index, word in enumerate(words) if _joins(index, text, words)]
        hits: list[Hit] = []
        present = places.keys()
        for form in present:
            for term in self._by_anchor.get(form, ()):
                if term.forms <= present:
                    hits.extend(_place(term, form, places, content, joins, words))
        return _choose(hits, text, words)


def _nameable(forms: frozenset[str], source: str, code: str) -> bool:
    """Whether a set of words can name a condition in a note."""
    if all(form in _EMPTY_ALONE or form.isdigit() or len(form) < 2 for form in forms):
        return False
    # The Table of Drugs names substances, and a drug in a note is no poisoning. Single main terms of the index ("old",
    # "admission") are names of lists, and its Z codes are reasons for an encounter that no note words like that; the
    # External Cause index is made of everyday words, of which two say nothing either.
    if (
        source == "drug"
        or (source == "index" and (len(forms) < 2 or code[0] == "Z"))
        or (source == "eindex" and len(forms) < 3)
    ):
        return False
    # Titles of external causes are made of everyday words; only what the lexicon or an index says of them is safe.
    return not (code[0] in "VWXY" and source in ("title", "inclusion", "variant"))


def _place(
    term: Term,
    anchor: str,
    places: dict[str, list[int]],
    content: list[int],
    joins: Sequence[int],
    words: Sequence[Word],
) -> Iterable[Hit]:
    """The places of a term whose words all stand in the sentence: around each place of its rarest word, the closest."""
    size = len(term.forms)
    for index in places[anchor]:
        chosen = {index}
        for form in term.forms:
            if form != anchor:
                chosen.add(min(places[form], key=lambda place: abs(place - index)))
        first, last = min(chosen), max(chosen)
        gap = max(0, content[last] - content[first] + 1 - len(chosen))
        between = [words[join] for join in joins if first < join <= last]
        if gap <= min(_WIDEST_GAP, size) and not (between and _crosses(term, gap, between)):
            yield Hit(term, tuple(sorted(chosen)), term.weight - 2.5 * gap)


def _joins(index: int, text: str, words: Sequence[Word]) -> bool:
    """Whether a new phrase begins at a word: a conjunction, or what follows a comma, colon or bracket."""
    if words[index].raw.lower() in _JOINS:
        return True
    return index > 0 and any(mark in text[words[index - 1].end : words[index].start] for mark in _MARKS)


def _crosses(term: Term, gap: int, between: Sequence[Word]) -> bool:
    """Whether a term would be pieced together from two phrases; `between` are the words at which new ones begin.

    "Hypertension and heart failure" are two conditions; a term that itself says "and" may stand across one.
    """
    if gap > 0 or not term.forms.isdisjoint(_SIDES):
        return True
    return any(word.raw.lower() in _ADDING for word in between) and _ADDED.search(term.text) is None


def _choose(hits: list[Hit], text: str, words: Sequence[Word]) -> list[Hit]:
    """The best hits: each explains half of its words anew, and shares a word only across a conjunction or comma.

    "Pain in the knee and ankle" is two pains; "right hand index finger contusion" is one contusion.
    """
    taken: set[int] = set()
    chosen: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (-hit.score, hit.first, hit.term.code)):
        fresh = [index for index in hit.words if index not in taken]
        if not fresh or 2 * len(fresh) < len(hit.words):
            continue
        if len(fresh) < len(hit.words) and not _listed(fresh, taken, text, words):
            continue
        taken.update(hit.words)
        chosen.append(hit)
    return sorted(chosen, key=lambda hit: (hit.first, hit.last))


def _listed(fresh: Sequence[int], taken: set[int], text: str, words: Sequence[Word]) -> bool:
    """Whether the words that a hit adds stand apart from those already explained by a conjunction or comma."""
    for index in fresh:
        near = min(taken, key=lambda other: abs(other - index))
        first, last = sorted((index, near))
        between = text[words[first].end : words[last].start]
        if (
            "," not in between
            and "/" not in between
            and not any(w.raw.lower() in _JOINS for w in words[first + 1 : last])
        ):
            return False
    return True
