"""Counts: codes that are right, extra and missed; exactly, or with what they stand under."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from agent.codebook import CodeBook

_ABOVE_CATEGORY = frozenset(("block", "chapter"))


class Prf(NamedTuple):
    """Counts of codes that are right, reported without being right, and missed; and the shares made from them."""

    hit: int = 0
    extra: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Of the codes given, the share that is gold; 0 where none was given."""
        return self.hit / (self.hit + self.extra) if self.hit + self.extra else 0.0

    @property
    def recall(self) -> float:
        """Of the gold codes, the share that was given; 0 where there is none."""
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where there is nothing to count."""
        total = 2 * self.hit + self.extra + self.missed
        return 2 * self.hit / total if total else 0.0


def compare(gold: Iterable[str], given: Iterable[str]) -> Prf:
    """The counts of what was given against what is right, each once."""
    right, found = set(gold), set(given)
    return Prf(len(right & found), len(found - right), len(right - found))


def with_ancestors(codes: Iterable[str], book: CodeBook) -> frozenset[str]:
    """The codes and all that they stand under, up to their categories, for partial credit.

    Hierarchical precision is |P and G| / |P| and recall |P and G| / |G| over these sets, summed over encounters
    (Kiritchenko, Matwin, Nock, Famili: Learning and evaluation in the presence of class hierarchies, 2006). Blocks and
    chapters are left out, since a code that is right in its chapter alone is no use to anyone. A code that is not in
    the edition stands under the nearest node that has the beginning of its name.
    """
    found = set()
    for code in codes:
        found.add(code)
        stem = code
        while len(stem) > 3 and book.get(stem) is None:
            stem = stem[:-1].rstrip(".")
        node = book.get(stem)
        if node is not None and node.kind not in _ABOVE_CATEGORY:
            found.add(node.code)
            found.update(above.code for above in book.parents(node.code) if above.kind not in _ABOVE_CATEGORY)
    return frozenset(found)
