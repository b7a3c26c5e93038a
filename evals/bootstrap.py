"""Bootstrap: intervals from drawing whole encounters again, since the codes of one encounter go together.

Percentile intervals at 95% (Efron and Tibshirani, 1993). A figure is a sum over encounters divided by another, so that
a draw is two sums of numbers that are made once.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

DRAWS = 1000
SEED = 7

Part = tuple[float, float]
"""What one encounter adds to a figure: to its numerator and to its denominator."""


class Figure(NamedTuple):
    """A figure with its interval; `of` is its denominator, what it was made from."""

    value: float
    low: float
    high: float
    of: float


class Difference(NamedTuple):
    """What a figure gained from one run to another over the same encounters, with its interval."""

    value: float
    low: float
    high: float

    @property
    def certain(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def figure(parts: Sequence[Part], *, draws: int = DRAWS, seed: int = SEED) -> Figure | None:
    """The figure of these encounters; None where there is nothing to judge (its denominator is 0)."""
    above, below = _columns(parts)
    total = sum(below)
    if not total:
        return None
    value = sum(above) / total
    low, high = interval([drawn for drawn in _drawn(above, below, draws, seed) if drawn is not None] or [value])
    return Figure(value, low, high, total)


def difference(
    before: Sequence[Part], after: Sequence[Part], *, draws: int = DRAWS, seed: int = SEED
) -> Difference | None:
    """The gain from `before` to `after`, whose encounters are the same in the same order, so that each draw takes both.

    None where one of them has nothing to judge.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} encounters against {len(after)}; a paired difference is over the same ones")
    first, second = _columns(before), _columns(after)
    if not sum(first[1]) or not sum(second[1]):
        return None
    value = sum(second[0]) / sum(second[1]) - sum(first[0]) / sum(first[1])
    both = zip(_drawn(*first, draws, seed), _drawn(*second, draws, seed), strict=True)
    low, high = interval([b - a for a, b in both if a is not None and b is not None] or [value])
    return Difference(value, low, high)


def interval(values: list[float]) -> tuple[float, float]:
    """The 2.5th and the 97.5th percentile of at least one value."""
    values = sorted(values)
    cut = int(0.025 * len(values))
    return values[cut], values[len(values) - 1 - cut]


@lru_cache(maxsize=4)
def resamples(encounters: int, draws: int = DRAWS, seed: int = SEED) -> tuple[tuple[int, ...], ...]:
    """The draws: which encounters each takes, with repeats; the same ones each time, for every figure of a run."""
    chance = random.Random(seed)
    everyone = range(encounters)
    return tuple(tuple(chance.choices(everyone, k=encounters)) for _ in range(draws)) if encounters else ()


def _columns(parts: Sequence[Part]) -> tuple[list[float], list[float]]:
    return [above for above, _ in parts], [below for _, below in parts]


def _drawn(above: list[float], below: list[float], draws: int, seed: int) -> list[float | None]:
    """The figure of each draw; None where a draw has nothing to judge."""
    values: list[float | None] = []
    for drawn in resamples(len(above), draws, seed):
        total = sum([below[n] for n in drawn])
        values.append(sum([above[n] for n in drawn]) / total if total else None)
    return values
