"""Compare: what changed from one run to another, with intervals, and on which notes; or why they can't be compared."""

from __future__ import annotations

from typing import NamedTuple

from agent.errors import InputError
from evals.bands import Reference
from evals.bootstrap import Difference, Figure, interval, resamples
from evals.groups import by_band
from evals.judged import MAIN, Judged, Measured, caveats, main_figure
from evals.metrics import Measure, difference, figure, macro
from evals.opened import Opened, open_note
from evals.score import Score
from evals.store import RunRecord

_MACRO_DRAWS = 400

_COSTS: dict[str, Measure] = {
    "calls a note": lambda s: (s.usage.calls, 1),
    "tokens a note": lambda s: (s.usage.prompt_tokens + s.usage.completion_tokens, 1),
    "seconds a note": lambda s: (s.usage.seconds, 1),
}


class Change(NamedTuple):
    """A measure in both runs and what it gained; None where a run has nothing to judge."""

    measured: Measured
    before: Figure | None
    after: Figure | None
    gained: Difference | None


class Comparison(NamedTuple):
    """Two runs on the same notes.

    `caveats` say why they are not comparable in spite of that. `differs` is what they were not made alike with.
    `better` and `worse` are the notes whose F1 changed, the largest change first; the views of each are before and
    after.
    """

    before: Judged
    after: Judged
    caveats: tuple[str, ...]
    differs: tuple[str, ...]
    changes: tuple[Change, ...]
    bands: tuple[Change, ...]
    costs: tuple[Change, ...]
    better: tuple[Opened, ...]
    worse: tuple[Opened, ...]
    same: int


def compare(before: Judged, after: Judged, reference: Reference | None = None) -> Comparison:
    """What changed from one run to another.

    Raises:
        InputError: they are not on the same notes with the same gold, scope and edition; the message says which.
    """
    check_paired(before.record, after.record)
    pairs = list(zip(before.scores, after.scores, strict=True))
    changed = [number for number, (a, b) in enumerate(pairs) if a.f1 != b.f1]
    notes = [open_note([before, after], number) for number in changed]
    notes.sort(key=lambda note: (-abs(note.f1[1] - note.f1[0]), note.encounter))
    return Comparison(
        before=before,
        after=after,
        caveats=tuple(f"{run.record.name}: {said}" for run in (before, after) for said in caveats(run)),
        differs=tuple(_differs(before, after)),
        changes=tuple(_main_change(before, after, measured) for measured in MAIN),
        bands=tuple(_band_changes(before, after, reference)) if reference else (),
        costs=tuple(
            _change(before, after, Measured(name, name, "encounters", less=True), part) for name, part in _COSTS.items()
        ),
        better=tuple(note for note in notes if note.f1[1] > note.f1[0]),
        worse=tuple(note for note in notes if note.f1[1] < note.f1[0]),
        same=len(pairs) - len(changed),
    )


def not_paired(a: RunRecord, b: RunRecord) -> list[str]:
    """Why two runs can't be compared note by note; empty if they can."""
    reasons, name = [], a.suite.name
    if a.suite.texts != b.suite.texts:
        both = f"{name}, {b.suite.name}"
        reasons.append(f"other notes in the suite {name}" if name == b.suite.name else f"other suite ({both})")
    elif a.suite.gold != b.suite.gold:
        reasons.append(f"other gold ({name} {a.suite.gold[:12]}, {b.suite.name} {b.suite.gold[:12]})")
    if a.scope != b.scope:
        reasons.append(f"other scope ({a.scope.value}, {b.scope.value})")
    if a.codeset.sha256 != b.codeset.sha256:
        editions = [f"{one.codeset.edition} {one.codeset.sha256[:12]}" for one in (a, b)]
        reasons.append(f"other edition ({editions[0]}, {editions[1]})")
    return reasons


def check_paired(a: RunRecord, b: RunRecord) -> None:
    """Nothing, if two runs can be compared note by note.

    Raises:
        InputError: they are not on the same notes with the same gold, scope and edition; the message says which.
    """
    reasons = not_paired(a, b)
    if reasons:
        raise InputError(f"{a.name} and {b.name} are not comparable: {'; '.join(reasons)}")


def _differs(before: Judged, after: Judged) -> list[str]:
    found = before.record.differences(after.record)
    commits = [(run.record.provenance.commit or "none")[:10] for run in (before, after)]
    dirty = [" with changes" if run.record.provenance.dirty else "" for run in (before, after)]
    if commits[0] != commits[1]:
        found.append(f"commit ({commits[0]}{dirty[0]}, now {commits[1]}{dirty[1]})")
    return found


def _main_change(before: Judged, after: Judged, measured: Measured) -> Change:
    if measured.name != "macro_f1":
        return _change(before, after, measured, measured.name)
    gained = _macro_difference(before.scores, after.scores)
    return Change(measured, main_figure(before.scores, measured), main_figure(after.scores, measured), gained)


def _change(before: Judged, after: Judged, measured: Measured, part: Measure | str) -> Change:
    a, b = before.scores, after.scores
    return Change(measured, figure(a, part), figure(b, part), difference(a, b, part))


def _macro_difference(before: tuple[Score, ...], after: tuple[Score, ...]) -> Difference:
    """The paired difference of macro F1, which is no sum over encounters; each draw takes both runs."""
    values = [
        macro([after[n] for n in drawn]).f1 - macro([before[n] for n in drawn]).f1
        for drawn in resamples(len(before), _MACRO_DRAWS)
    ]
    return Difference(macro(after).f1 - macro(before).f1, *interval(values))


def _band_changes(before: Judged, after: Judged, reference: Reference) -> list[Change]:
    """F1 by band, each with its paired difference."""

    def of(band: str) -> Measure:
        def part(score: Score) -> tuple[float, float]:
            counts = (score.hit, score.extra, score.missed)
            hit, extra, missed = (sum(reference.band(code) == band for code in codes) for codes in counts)
            return 2 * hit, 2 * hit + extra + missed

        return part

    return [
        _change(
            before, after, Measured(group.name, f"F1 of codes {group.name} in {reference.source}", ""), of(group.name)
        )
        for group in by_band(before.scores, reference, draws=1)
    ]
