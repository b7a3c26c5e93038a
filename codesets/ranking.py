"""Ranking: which terms of a code table answer a query, by the words that they share.

A term is scored by how much of the query it explains against what each of them says alone, words weighed by their
rarity. On phrases of the Alphabetic Index this finds as many codes in the first ten as BM25 does (0.67 of 2,200), and
the score has bounds: 1 where query and term say the same. The result is exact: terms are passed over only where they
could not be among the best.
"""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

UNASKED = 0.5
"""What a word of the term that the query lacks costs, against one that they share; one that the term lacks costs 1."""

_LONG = 400
"""Postings from this length on are gone through only for terms that may still matter."""

_SHORTEST_MISSPELT = 5
"""Letters from which on a word that is not known is read as a misspelt one; of 8 letters two may be wrong."""


class Postings(NamedTuple):
    """The terms that hold each word as packed 32-bit numbers, and what each term's essential words weigh together."""

    packed: dict[str, bytes]
    weights: list[float]


def index(bags: Sequence[str], asides: Mapping[int, str]) -> Postings:
    """The postings of terms, numbered from 0.

    Args:
        bags: the normal forms of each term, each once, joined by spaces.
        asides: for the terms that have some, the forms of nonessential words: they help to find a term, and nobody is
            expected to say them.
    """
    found: dict[str, array[int]] = {}
    for term, bag in enumerate(bags):
        aside = asides.get(term)
        forms = bag.split() if aside is None else dict.fromkeys(f"{bag} {aside}".split())
        for form in forms:
            holders = found.get(form)
            if holders is None:
                holders = found[form] = array("i")
            holders.append(term)
    rarity = {form: _rarity(len(holders), len(bags)) for form, holders in found.items()}
    weights = [sum(rarity[form] for form in bag.split()) for bag in bags]
    return Postings({form: holders.tobytes() for form, holders in sorted(found.items())}, weights)


def _rarity(holders: int, terms: int) -> float:
    return math.log(1 + terms / max(1, holders))


class Ranking:
    """Finds the terms that answer a query best, one for each node; safe to share between threads."""

    def __init__(self, postings: Postings, nodes: Sequence[int], trust: Sequence[int]) -> None:
        """Rank terms that lead to `nodes`; where two answer a node equally well, the lower `trust` is taken."""
        self._packed = postings.packed
        self._weights = postings.weights
        self._nodes = nodes
        self._trust = trust
        self._holders: dict[str, array[int]] = {}
        self._sets: dict[str, frozenset[int]] = {}
        self._by_letter: dict[str, list[str]] = {}
        for form in postings.packed:
            if len(form) >= _SHORTEST_MISSPELT - 1:
                self._by_letter.setdefault(form[0], []).append(form)

    def best(self, forms: Iterable[str], k: int) -> list[tuple[float, int]]:
        """The score, over 0 and up to 1, and the number of the best term of each of the best `k` nodes, best first."""
        asked = {known: self._rarity(known) for known in map(self._known, forms)}
        rarest = sorted(asked.items(), key=lambda pair: (-pair[1], pair[0]))
        whole = left = sum(rarity for _, rarity in rarest)
        shared: dict[int, float] = {}
        closed = False
        for form, rarity in rarest:
            holders = self._of(form)
            # Rare words come first. Once k nodes are sure of a place before any term that has only words yet to come,
            # no new term needs to be looked at. Before half of the query is read that can't be.
            if not closed and len(holders) >= _LONG and 2 * left < whole:
                closed = self._needed(shared, whole, k) > left
            if closed:
                for term in shared.keys() & self._set(form):
                    shared[term] += rarity
            else:
                # The loop over long postings is where the time goes: all of it runs in C.
                sums = map(rarity.__add__, map(shared.get, holders, repeat(0.0)))
                shared.update(zip(holders, list(sums), strict=True))
            left -= rarity
        return self._select(shared, whole, k)

    def _known(self, form: str) -> str:
        """The form itself, or for a word that no term has, the one word that it may be misspelt from."""
        if form in self._packed or len(form) < _SHORTEST_MISSPELT or not form.isalpha():
            return form
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        # First letters are rarely wrong, and to compare with those words alone is 20 times faster.
        near = process.extract(
            form, self._by_letter.get(form[0], ()), scorer=OSA.distance, score_cutoff=1 + (len(form) >= 8), limit=2
        )
        if not near or (len(near) > 1 and near[0][1] == near[1][1]):
            return form
        return near[0][0]

    def _rarity(self, form: str) -> float:
        return _rarity(len(self._packed.get(form, b"")) // 4, len(self._weights))

    def _score(self, term: int, both: float, whole: float) -> float:
        """The score of a term, given what the words weigh that it shares with the query."""
        return both / (whole + UNASKED * max(0.0, self._weights[term] - both))

    def _needed(self, shared: dict[int, float], whole: float, k: int) -> float:
        """What a term must share with the query to be among the best k: no score is over the part that it shares."""
        reached: dict[int, float] = {}
        for term in heapq.nlargest(4 * k, shared, key=shared.__getitem__):
            node, score = self._nodes[term], self._score(term, shared[term], whole)
            reached[node] = max(score, reached.get(node, 0.0))
        return 0.0 if len(reached) < k else whole * sorted(reached.values())[-k]

    def _select(self, shared: dict[int, float], whole: float, k: int) -> list[tuple[float, int]]:
        nodes, trust = self._nodes, self._trust
        # A hair less, since the same sum may come out differently in its last digits.
        needed = self._needed(shared, whole, k) * (1 - 1e-9)
        ranked = [
            (-self._score(term, both, whole), trust[term], nodes[term], term)
            for term, both in shared.items()
            if both >= needed
        ]
        found: dict[int, tuple[float, int]] = {}
        for score, _, node, term in sorted(ranked):
            found.setdefault(node, (-score, term))
            if len(found) == k:
                break
        return list(found.values())

    def _of(self, form: str) -> array[int]:
        holders = self._holders.get(form)
        if holders is None:
            holders = array("i", self._packed.get(form, b""))
            self._holders[form] = holders
        return holders

    def _set(self, form: str) -> frozenset[int]:
        holders = self._sets.get(form)
        if holders is None:
            holders = self._sets[form] = frozenset(self._of(form))
        return holders
