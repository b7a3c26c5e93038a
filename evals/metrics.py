"""Metrics: figures over many scores, each with its interval and what it was made from.

Every figure but the macro averages is one sum over encounters divided by another: a `Measure` gives what one encounter
adds to both. `MEASURES` are all of them by name; `evals.groups` takes them apart by band, chapter, setting, section and
length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from agent.config import Settings
from agent.errors import InputError
from agent.llm import cost
from agent.records import Usage
from evals import bootstrap
from evals.bootstrap import DRAWS, SEED, Difference, Figure, Part, interval, resamples
from evals.counts import Prf
from evals.losses import Loss
from evals.score import STEPS, Score

Measure = Callable[[Score], Part]


def _precision(counts: Prf) -> Part:
    return counts.hit, counts.hit + counts.extra


def _recall(counts: Prf) -> Part:
    return counts.hit, counts.hit + counts.missed


def _f1(counts: Prf) -> Part:
    return 2 * counts.hit, 2 * counts.hit + counts.extra + counts.missed


def _after(step: str, part: Callable[[Prf], Part]) -> Measure:
    return lambda s: part(s.steps.get(step, Prf()))


MEASURES: dict[str, Measure] = {
    "precision": lambda s: _precision(s.counts),
    "recall": lambda s: _recall(s.counts),
    "f1": lambda s: _f1(s.counts),
    "exact_set": lambda s: (s.exact, 1),
    "jaccard": lambda s: (s.jaccard, 1),
    "category_precision": lambda s: _precision(s.category),
    "category_recall": lambda s: _recall(s.category),
    "category_f1": lambda s: _f1(s.category),
    "hierarchical_precision": lambda s: _precision(s.hierarchical),
    "hierarchical_recall": lambda s: _recall(s.hierarchical),
    "hierarchical_f1": lambda s: _f1(s.hierarchical),
    "first_listed": lambda s: (bool(s.first_right), s.first_right is not None),
    "poa": lambda s: (s.poa.hit, sum(s.poa)),
    "evidence_f1": lambda s: (sum(e.f1 for e in s.evidence), len(s.evidence)),
    "evidence_touched": lambda s: (sum(e.both > 0 for e in s.evidence), len(s.evidence)),
    "exclusions_kept_out": lambda s: (sum(e.kept_out for e in s.exclusions), len(s.exclusions)),
    "exclusions_excluded": lambda s: (sum(e.excluded for e in s.exclusions), len(s.exclusions)),
    "exclusions_right_reason": lambda s: (sum(e.right_reason for e in s.exclusions), len(s.exclusions)),
    "quotes_not_found": lambda s: (s.rejected, s.proposals),
    "invalid_codes": lambda s: (s.invalid, len(s.reported)),
    **{f"precision_{step}": _after(step, _precision) for step in STEPS},
    **{f"recall_{step}": _after(step, _recall) for step in STEPS},
    **{f"f1_{step}": _after(step, _f1) for step in STEPS},
}
"""What can be measured, by name. Micro averages where codes are counted: every code weighs the same. `exact_set` and
`jaccard` are means over encounters, `poa` and the evidence measures over right codes whose gold has an indicator or
evidence (over all such codes of a failed encounter), the exclusions over gold exclusions; `quotes_not_found` and
`invalid_codes` are shares of proposals and of reported codes."""

_OF_CODINGS = frozenset(("poa", "evidence_f1", "evidence_touched"))
"""What a baseline, which reports codes alone, is never judged by."""


def total(counts: Iterable[Prf]) -> Prf:
    """The sum of counts."""
    hit = extra = missed = 0
    for one in counts:
        hit, extra, missed = hit + one.hit, extra + one.extra, missed + one.missed
    return Prf(hit, extra, missed)


def micro(scores: Iterable[Score]) -> Prf:
    """The counts of exact codes over all encounters."""
    return total(s.counts for s in scores)


def figure(scores: Sequence[Score], measure: str | Measure, *, draws: int = DRAWS, seed: int = SEED) -> Figure | None:
    """A measure over all encounters with its interval; None where there is nothing to judge."""
    return bootstrap.figure(_parts(scores, measure), draws=draws, seed=seed)


def _parts(scores: Sequence[Score], measure: str | Measure) -> list[Part]:
    """What each encounter adds; a failed one of a baseline misses nothing that its others are not judged by either."""
    each = MEASURES[measure] if isinstance(measure, str) else measure
    baseline = measure in _OF_CODINGS and steps_of(scores) == ("final",)
    return [(0, 0) if baseline and s.failure else each(s) for s in scores]


def steps_of(scores: Iterable[Score]) -> tuple[str, ...]:
    """The steps after which a run's codes are known; a baseline has the last one alone."""
    known = {step for s in scores if not s.failure for step in s.steps}
    return tuple(step for step in STEPS if step in known)


def losses(scores: Iterable[Score]) -> dict[str, tuple[tuple[str, Loss], ...]]:
    """The gold codes that were lost, by the step at which they were, each with its encounter; most frequent code first.

    The steps come in their order, with `failed` at the end; those that lost nothing are there too.
    """
    lost: dict[str, list[tuple[str, Loss]]] = {step: [] for step in (*STEPS, "failed") if step != "affirmed"}
    for s in scores:
        for loss in s.losses:
            lost[loss.step].append((s.encounter, loss))
    found = {}
    for step, pairs in lost.items():
        often = Counter(loss.code for _, loss in pairs)
        found[step] = tuple(sorted(pairs, key=lambda pair: (-often[pair[1].code], pair[1].code, pair[0])))
    return found


# -- macro averages ----------------------------------------------------------------------------------------------------


class Macro(NamedTuple):
    """Means over the codes that are gold or reported somewhere: every code weighs the same, common or rare."""

    precision: float
    recall: float
    f1: float
    codes: int


def macro(scores: Iterable[Score]) -> Macro:
    """Macro averages: precision, recall and F1 of each code (0 where they have no denominator), and their means."""
    counts = _by_code(scores)
    each = [Prf(hits, extras, misses) for hits, extras, misses in counts.values()]
    if not each:
        return Macro(0.0, 0.0, 0.0, 0)
    size = len(each)
    return Macro(
        sum(p.precision for p in each) / size, sum(p.recall for p in each) / size, sum(p.f1 for p in each) / size, size
    )


def macro_f1(scores: Sequence[Score], *, draws: int = DRAWS, seed: int = SEED) -> Figure | None:
    """Macro F1 with its interval; in each draw over the codes that are gold or reported in it."""
    codes = sorted(_by_code(scores))
    if not codes:
        return None
    number = {code: n for n, code in enumerate(codes)}
    # A right code adds 2 to both parts of its F1, an extra or a missed one 1 to the denominator.
    adds = [([number[c] for c in s.hit], [number[c] for c in s.extra | s.missed]) for s in scores]
    values = []
    for drawn in resamples(len(scores), draws, seed):
        right, wrong = [0] * len(codes), [0] * len(codes)
        for encounter, times in Counter(drawn).items():
            hits, others = adds[encounter]
            for n in hits:
                right[n] += times
            for n in others:
                wrong[n] += times
        f1s = [2 * r / (2 * r + w) for r, w in zip(right, wrong, strict=True) if r or w]
        if f1s:
            values.append(sum(f1s) / len(f1s))
    low, high = interval(values)
    return Figure(macro(scores).f1, low, high, len(codes))


def _by_code(scores: Iterable[Score]) -> dict[str, list[int]]:
    """Right, extra and missed of each code."""
    counts: dict[str, list[int]] = {}
    for s in scores:
        for place, codes in enumerate((s.hit, s.extra, s.missed)):
            for code in codes:
                counts.setdefault(code, [0, 0, 0])[place] += 1
    return counts


# -- two runs ----------------------------------------------------------------------------------------------------------


def difference(
    before: Sequence[Score], after: Sequence[Score], measure: str | Measure, *, draws: int = DRAWS, seed: int = SEED
) -> Difference | None:
    """What a measure gained from one run to another over the same encounters; None where there is nothing to judge.

    Raises:
        InputError: the runs are not over the same encounters in the same order.
    """
    names, others = [s.encounter for s in before], [s.encounter for s in after]
    if names != others:
        odd = sorted(set(names) ^ set(others))
        why = f"{odd[0]!r} is in one of them alone" if odd else "they are in another order"
        raise InputError(f"two runs are compared over the same encounters, and {why}; take both on the same suite")
    return bootstrap.difference(_parts(before, measure), _parts(after, measure), draws=draws, seed=seed)


# -- what it cost ------------------------------------------------------------------------------------------------------


class Spend(NamedTuple):
    """What a run cost: its whole usage, the medians of an encounter, and USD where prices are known.

    Divide by `notes` for means; failures count.
    """

    notes: int
    usage: Usage
    median_calls: float
    median_tokens: float
    median_seconds: float
    usd: float | None

    @property
    def usd_a_note(self) -> float | None:
        """The mean cost of an encounter; None where prices are not known."""
        return self.usd / self.notes if self.usd is not None and self.notes else None


def spend(scores: Sequence[Score], prices: tuple[float, float] | None = None) -> Spend:
    """What the encounters cost; `prices` are USD for a million tokens of prompts and of completions."""
    usages = [s.usage for s in scores]
    whole = sum(usages, start=Usage())
    priced = Settings(price_prompt=prices[0], price_completion=prices[1]) if prices else Settings()
    return Spend(
        len(scores),
        whole,
        float(median([u.calls for u in usages] or [0])),
        float(median([u.prompt_tokens + u.completion_tokens for u in usages] or [0])),
        float(median([u.seconds for u in usages] or [0.0])),
        cost(whole, priced),
    )
