"""Metrics: figures over many scores, each with what it was made from."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from evals.score import Score


class Prf(NamedTuple):
    """Micro-averaged precision, recall and F1, and the counts behind them."""

    hit: int
    extra: int
    missed: int

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
        """The harmonic mean of precision and recall."""
        total = 2 * self.hit + self.extra + self.missed
        return 2 * self.hit / total if total else 0.0


def micro(scores: Sequence[Score]) -> Prf:
    """Counts over all encounters."""
    return Prf(sum(len(s.hit) for s in scores), sum(len(s.extra) for s in scores), sum(len(s.missed) for s in scores))


def interval(scores: Sequence[Score], *, draws: int = 1000, seed: int = 7) -> tuple[float, float]:
    """The 95% bootstrap interval of micro-F1, drawing whole encounters."""
    chance = random.Random(seed)
    values = sorted(micro(chance.choices(scores, k=len(scores))).f1 for _ in range(draws))
    return values[int(0.025 * draws)], values[int(0.975 * draws)]


def by_frequency(scores: Sequence[Score]) -> dict[str, Prf]:
    """Counts by how often a code stands in this set's gold: once, 2 to 5 times, more; never (extra codes only)."""
    counts = Counter(code for s in scores for code in s.hit | s.missed)

    def band(code: str) -> str:
        n = counts[code]
        return "never" if n == 0 else "once" if n == 1 else "2 to 5" if n <= 5 else "over 5"

    bands: dict[str, Prf] = {}
    for name in ("once", "2 to 5", "over 5", "never"):
        bands[name] = Prf(
            sum(band(code) == name for s in scores for code in s.hit),
            sum(band(code) == name for s in scores for code in s.extra),
            sum(band(code) == name for s in scores for code in s.missed),
        )
    return bands
