"""Opened: one note with every code that is gold or reported in it, and what each of some runs made of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evals.judged import Judged
from evals.metrics import steps_of

LOST = {
    "proposed": "never read",
    "grounded": "quote not found",
    "offered": "never offered",
    "final": "not chosen",
    "failed": "failed",
}
"""What became of a gold code that is not reported, by the step at which it was lost, in the words of reports."""


class CodeView(NamedTuple):
    """What one run made of a code: right, extra, missed or nothing (empty); on which words, or how it was lost."""

    verdict: str
    why: str


class CodeRow(NamedTuple):
    """A code, whether it is gold, and what each run made of it."""

    code: str
    title: str
    gold: bool
    views: tuple[CodeView, ...]

    @property
    def changed(self) -> bool:
        """Whether the runs made different things of it."""
        return len({view.verdict for view in self.views}) > 1


class Opened(NamedTuple):
    """A note: its F1 and its failure (empty if none) in each run, and its codes, those of the gold first."""

    encounter: str
    about: str
    f1: tuple[float, ...]
    failures: tuple[str, ...]
    rows: tuple[CodeRow, ...]


def open_note(runs: Sequence[Judged], number: int) -> Opened:
    """The note at a place of the suite that all `runs` share."""
    case = runs[0].suite.cases[number]
    scores = [run.scores[number] for run in runs]
    extra = sorted({code for score in scores for code in score.extra})
    return Opened(
        encounter=case.encounter.id,
        about=case.about,
        f1=tuple(score.f1 for score in scores),
        failures=tuple(score.failure for score in scores),
        rows=tuple(
            CodeRow(code, title(runs[0], code), code in case.gold, tuple(_view(run, number, code) for run in runs))
            for code in [*(entry.code for entry in case.codes), *extra]
        ),
    )


def lost_at(judged: Judged, step: str) -> str:
    """What became of codes that a run lost at a step; of a baseline, which has no steps, nothing more is known."""
    return "not reported" if step == "final" and steps_of(judged.scores) == ("final",) else LOST[step]


def title(judged: Judged, code: str) -> str:
    """The title of a code in the edition, or that it is not there."""
    entry = judged.book.get(code)
    return entry.title if entry else "not in the edition"


def _view(judged: Judged, number: int, code: str) -> CodeView:
    score = judged.scores[number]
    if code in score.reported:
        outcome = next(outcome for outcome in judged.outcomes if outcome.encounter == score.encounter)
        assigned = [one for one in (outcome.coding.codes if outcome.coding else ()) if one.code == code]
        quote = f"“{' '.join(assigned[0].evidence[0].text.split())}”" if assigned else ""
        return CodeView("right" if code in score.hit else "extra", quote)
    for loss in score.losses:
        if loss.code == code:
            lost = lost_at(judged, loss.step)
            more = f"{lost}: " if loss.step in ("offered", "final") else ""
            return CodeView("missed", lost if lost == loss.how or loss.step == "proposed" else f"{more}{loss.how}")
    return CodeView("", _left_out(judged, number, code))


def _left_out(judged: Judged, number: int, code: str) -> str:
    """Why a code that is not gold was left out, where it was considered."""
    name = judged.scores[number].encounter
    for outcome in judged.outcomes:
        if outcome.encounter == name and outcome.coding is not None:
            for left_out in outcome.coding.excluded:
                if left_out.code == code:
                    return f"left out as {left_out.reason.value} ({left_out.citation})"
    return ""
