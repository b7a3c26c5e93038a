"""Calibration: whether a code's confidence says how often codes of that confidence are right."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from math import fsum
from typing import NamedTuple

from evals.score import Score

BINS = 10


class Bin(NamedTuple):
    """The reported codes whose confidence lies in [low, high) (the last bin holds 1 too): how many, and two means."""

    low: float
    high: float
    codes: int
    confidence: float
    accuracy: float


class AtCoverage(NamedTuple):
    """The share of right codes among the most confident ones, where they are this share of all reported codes."""

    coverage: float
    accuracy: float


class Calibration(NamedTuple):
    """How confidence and accuracy agree over all reported codes; `bins` are those that hold any.

    `error` is the expected calibration error: the mean over codes of the distance between the confidence and the
    accuracy of their bin (Naeini, Cooper, Hauskrecht, 2015).
    """

    codes: int
    error: float
    bins: tuple[Bin, ...]
    coverage: tuple[AtCoverage, ...]


def calibration(scores: Iterable[Score]) -> Calibration | None:
    """The calibration of the reported codes; None where none has a confidence."""
    pairs = sorted((pair for s in scores for pair in s.confidence), reverse=True)
    if not pairs:
        return None
    held: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in pairs:
        held.setdefault(min(int(confidence * BINS + 1e-9), BINS - 1), []).append((confidence, right))
    bins = tuple(
        Bin(
            number / BINS,
            (number + 1) / BINS,
            len(some),
            fsum(confidence for confidence, _ in some) / len(some),
            sum(right for _, right in some) / len(some),
        )
        for number, some in sorted(held.items())
    )
    error = sum(one.codes * abs(one.accuracy - one.confidence) for one in bins) / len(pairs)
    return Calibration(len(pairs), error, bins, tuple(_at(step / BINS, pairs) for step in range(1, BINS + 1)))


def _at(coverage: float, pairs: list[tuple[float, bool]]) -> AtCoverage:
    """The accuracy at a coverage; of codes of equal confidence a share is taken, since none comes before another."""
    wanted = left = coverage * len(pairs)
    right = 0.0
    for _, some in groupby(pairs, key=lambda pair: pair[0]):
        equal = [one for _, one in some]
        taken = min(left, len(equal))
        right += taken * sum(equal) / len(equal)
        left -= taken
        if left <= 0:
            break
    return AtCoverage(coverage, right / wanted)
