"""Search: a phrase as people write it, to the nodes of a table that answer it best."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice, product
from typing import NamedTuple

from agent.words import Vocabulary
from codesets.ranking import Postings, Ranking
from codesets.store import Store

SOURCES = ("lexicon", "title", "inclusion", "index", "neoplasm", "eindex", "drug", "variant")
"""Where terms come from; where two answer equally well, the one of the earlier source comes first."""

_MOST_READINGS = 6
"""How many readings of the abbreviations of one query are searched at the most."""


class Found(NamedTuple):
    """A node that answers a query, its score (over 0 and up to 1), and the phrase that was matched."""

    node: int
    score: float
    phrase: str
    source: str


class Search:
    """The search over a table's terms; frozen once made, safe to share between threads."""

    def __init__(self, store: Store) -> None:
        """Read the terms, postings and abbreviations of a table."""
        nodes, self._texts, sources, weights = store.columns("node, text, source, weight", "term", order="id")
        self._nodes = list(map(int, nodes))
        place = {source: number for number, source in enumerate(SOURCES)}
        # "Other X" has the words of X, but is not what one means who says X: it comes behind all others.
        self._trust = [
            place[source] + len(SOURCES) * text.startswith("Other ")
            for source, text in zip(sources, self._texts, strict=True)
        ]
        packed = dict(store.rows("SELECT form, holders FROM posting"))
        self._ranking = Ranking(Postings(packed, list(map(float, weights))), self._nodes, self._trust)
        self._readings: dict[tuple[str, ...], list[tuple[tuple[str, ...], bool]]] = {}
        for short, bag, in_any_case in store.rows("SELECT short, bag, in_any_case FROM abbreviation"):
            key = tuple(word.raw.lower() for word in Vocabulary.load().words(short))
            self._readings.setdefault(key, []).append((tuple(bag.split()), in_any_case))
        self._longest = max(map(len, self._readings), default=0)

    def best(self, text: str, k: int) -> list[Found]:
        """The best `k` nodes for `text`, the best first; each abbreviation is read in each of its meanings."""
        found: dict[int, tuple[float, int, int]] = {}
        for forms in self._read(text):
            for score, term in self._ranking.best(forms, k):
                node, ranked = self._nodes[term], (-score, self._trust[term], term)
                if node not in found or ranked < found[node]:
                    found[node] = ranked
        best = heapq.nsmallest(k, ((score, trust, node, term) for node, (score, trust, term) in found.items()))
        return [
            Found(node, -score, self._texts[term], SOURCES[trust % len(SOURCES)]) for score, trust, node, term in best
        ]

    def _read(self, text: str) -> Iterator[tuple[str, ...]]:
        """The normal forms of a query, once for each way to read its abbreviations, as written first."""
        words = Vocabulary.load().words(text)
        options: list[tuple[tuple[str, ...], ...]] = []
        place = 0
        while place < len(words):
            size, meanings = self._meanings([word.raw for word in words[place : place + self._longest]])
            options.append((tuple(form for word in words[place : place + size] for form in word.forms), *meanings))
            place += size
        for reading in islice(product(*options), _MOST_READINGS):
            yield tuple(form for forms in reading for form in forms)

    def _meanings(self, words: list[str]) -> tuple[int, list[tuple[str, ...]]]:
        """How many of the next words are an abbreviation, at least 1, and what it stands for."""
        for size in range(len(words), 0, -1):
            short = tuple(word.lower() for word in words[:size])
            capitals = all(word == word.upper() for word in words[:size])
            meanings = [forms for forms, in_any_case in self._readings.get(short, ()) if in_any_case or capitals]
            if meanings:
                return size, meanings
        return 1, []
