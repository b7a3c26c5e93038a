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
        whole = sum(asked.values())
        left = whole
        shared: dict[int, float] = {}
        closed = False
        for form, rarity in sorted(asked.items(), key=lambda pair: (-pair[1], pair[0])):
            holders = self._of(form)
            # Rare words come first. Once k nodes are sure to score more than any term that has only words yet to come,
            # no new term needs to be looked at.
            if not closed and len(holders) >= _LONG and shared:
                closed = self._sure(shared, whole, left / whole) >= k
            if closed:
                for term in shared.keys() & self._set(form):
                    shared[term] += rarity
            else:
                get = shared.get
                for term in holders:
                    shared[term] = get(term, 0.0) + rarity
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

    def _sure(self, shared: Mapping[int, float], whole: float, bound: float) -> int:
        """How many nodes have a term that scores more than `bound` already."""
        weights, nodes = self._weights, self._nodes
        return len(
            {
                nodes[term]
                for term, both in shared.items()
                if both > bound * (whole + UNASKED * max(0.0, weights[term] - both))
            }
        )

    def _select(self, shared: Mapping[int, float], whole: float, k: int) -> list[tuple[float, int]]:
        weights, nodes, trust = self._weights, self._nodes, self._trust
        scored = [(-both / (whole + UNASKED * max(0.0, weights[term] - both)), term) for term, both in shared.items()]
        wanted = 4 * k
        while True:
            # Many phrases lead to one node: more of the best are taken until enough nodes are among them.
            found: dict[int, tuple[float, int]] = {}
            best = heapq.nsmallest(wanted, scored)
            for score, term in sorted(best, key=lambda pair: (pair[0], trust[pair[1]], nodes[pair[1]], pair[1])):
                found.setdefault(nodes[term], (-score, term))
            if len(found) >= k or len(best) == len(scored):
                return list(found.values())[:k]
            wanted *= 4

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
