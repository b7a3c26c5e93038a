"""Groups: the figures of a run taken apart: by band of frequency, chapter and section of a code, and by encounter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agent.codebook import CodeBook
from evals.bands import BANDS, Reference
from evals.bootstrap import DRAWS, Figure
from evals.counts import Prf
from evals.metrics import figure, micro
from evals.score import Score

LENGTHS = ((2_000, "under 2,000"), (4_000, "2,000-3,999"), (8_000, "4,000-7,999"))
_LONGEST = "8,000 and more"
NO_CHAPTER = "not in the edition"


class Group(NamedTuple):
    """The codes or the encounters of one kind: their counts, and figures where there is something to judge.

    `encounters` are those that have such a code in their gold or among their reported ones.
    """

    name: str
    encounters: int
    counts: Prf
    precision: Figure | None
    recall: Figure | None
    f1: Figure | None


def by_code(
    scores: Sequence[Score], kind: Callable[[Score, str], str], order: Iterable[str] = (), *, draws: int = DRAWS
) -> tuple[Group, ...]:
    """The codes by kind, an extra one in its own. Kinds of `order` come first and always, others by name."""
    parts: dict[str, list[Score]] = {}
    names = list(order)
    kinds = [{code: kind(s, code) for code in s.gold | s.reported} for s in scores]
    names += sorted({name for each in kinds for name in each.values()} - set(names))
    for name in names:
        parts[name] = [
            s._replace(
                hit=frozenset(code for code in s.hit if of[code] == name),
                extra=frozenset(code for code in s.extra if of[code] == name),
                missed=frozenset(code for code in s.missed if of[code] == name),
            )
            for s, of in zip(scores, kinds, strict=True)
        ]
    return tuple(_group(name, part, sum(any(s.counts) for s in part), draws) for name, part in parts.items())


def by_band(scores: Sequence[Score], reference: Reference, *, draws: int = DRAWS) -> tuple[Group, ...]:
    """By how often a code stands in a reference count."""
    return by_code(scores, lambda _, code: reference.band(code), BANDS, draws=draws)


def by_chapter(scores: Sequence[Score], book: CodeBook, *, draws: int = DRAWS) -> tuple[Group, ...]:
    """By chapter of the edition, in its order; codes that it does not have come last."""

    def chapter(_: Score, code: str) -> str:
        entry = book.get(code)
        above = book.parents(code) if entry else ()
        return above[-1].code if above else entry.code if entry else NO_CHAPTER

    found = {chapter(s, code) for s in scores for code in s.gold | s.reported}
    chapters = [entry.code for entry in book.codes() if entry.kind == "chapter" and entry.code in found]
    return by_code(scores, chapter, chapters, draws=draws)


def by_section(scores: Sequence[Score], *, draws: int = DRAWS) -> tuple[Group, ...]:
    """By the section in which a code stands: of its first gold evidence, else of its first evidence reported."""
    return by_code(scores, lambda s, code: s.sections[code], draws=draws)


def by_encounter(
    scores: Sequence[Score],
    kinds: Callable[[Score], Iterable[str]],
    order: Iterable[str] = (),
    *,
    draws: int = DRAWS,
) -> tuple[Group, ...]:
    """The encounters by kind; one that has several counts in each. Kinds of `order` that are there come first."""
    parts: dict[str, list[Score]] = {name: [] for name in order}
    for s in scores:
        for name in kinds(s):
            parts.setdefault(name, []).append(s)
    return tuple(_group(name, part, len(part), draws) for name, part in parts.items() if part)


def by_setting(scores: Sequence[Score], *, draws: int = DRAWS) -> tuple[Group, ...]:
    """By setting of the encounter."""
    return by_encounter(scores, lambda s: (s.setting.value,), ("outpatient", "inpatient"), draws=draws)


def by_length(scores: Sequence[Score], *, draws: int = DRAWS) -> tuple[Group, ...]:
    """By length of all documents of the encounter together, in characters."""

    def length(s: Score) -> tuple[str]:
        return (next((name for limit, name in LENGTHS if s.characters < limit), _LONGEST),)

    return by_encounter(scores, length, (*(name for _, name in LENGTHS), _LONGEST), draws=draws)


def by_tag(scores: Sequence[Score], *, draws: int = DRAWS) -> tuple[Group, ...]:
    """By what the encounter tests, its traps; one with several counts in each."""
    return by_encounter(scores, lambda s: s.tags, sorted({tag for s in scores for tag in s.tags}), draws=draws)


def _group(name: str, scores: Sequence[Score], encounters: int, draws: int) -> Group:
    return Group(
        name,
        encounters,
        micro(scores),
        figure(scores, "precision", draws=draws),
        figure(scores, "recall", draws=draws),
        figure(scores, "f1", draws=draws),
    )
