"""Judged: a run, its suite opened again, and the scores of its outcomes; what reports and comparisons are made from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.errors import InputError
from evals.bootstrap import Figure
from evals.cases import Suite
from evals.metrics import figure, macro_f1
from evals.opening import open_again
from evals.outcome import Outcome
from evals.reconcile import Conversion, Unmapped, reconcile
from evals.score import Score, score_all
from evals.store import RunFolder, RunRecord

MOST_FAILED = 0.05
"""The share of failed encounters above which a run can't be compared."""


class Judged(NamedTuple):
    """A run and its scores, in the order of its suite; `unmapped` is the gold that this edition can't report."""

    record: RunRecord
    suite: Suite
    outcomes: tuple[Outcome, ...]
    scores: tuple[Score, ...]
    unmapped: Unmapped
    book: CodeBook

    @property
    def failed(self) -> int:
        """How many encounters failed, or were not run yet."""
        return sum(bool(score.failure) for score in self.scores)

    @property
    def unfinished(self) -> int:
        """How many encounters were not run yet."""
        return len(self.suite.cases) - len(self.outcomes)


class Measured(NamedTuple):
    """A main measure: its name, how people call it, what it is made from, and whether less of it is better."""

    name: str
    title: str
    of: str
    less: bool = False


MAIN = (
    Measured("f1", "micro F1", "gold and reported codes"),
    Measured("precision", "precision", "reported codes"),
    Measured("recall", "recall", "gold codes"),
    Measured("macro_f1", "macro F1 (by code)", "different codes"),
    Measured("category_f1", "category F1 (3 characters)", "gold and reported categories"),
    Measured("hierarchical_f1", "hierarchical F1", "codes and what they stand under"),
    Measured("exact_set", "exact set of codes", "encounters"),
    Measured("jaccard", "Jaccard", "encounters"),
    Measured("first_listed", "first-listed or principal right", "encounters"),
    Measured("poa", "present on admission right", "right codes with a gold indicator"),
    Measured("evidence_f1", "evidence: overlap F1", "right codes with gold evidence"),
    Measured("evidence_touched", "evidence: on the gold's words", "right codes with gold evidence"),
    Measured("exclusions_kept_out", "exclusions: kept out", "gold exclusions"),
    Measured("exclusions_excluded", "exclusions: left out in words", "gold exclusions"),
    Measured("exclusions_right_reason", "exclusions: right reason", "gold exclusions"),
    Measured("quotes_not_found", "quotes not in the document", "proposals", less=True),
    Measured("invalid_codes", "codes that are not billable", "reported codes", less=True),
)
"""What every report and comparison shows, where there is something to judge."""


def main_figure(scores: tuple[Score, ...], measured: Measured) -> Figure | None:
    """A main measure with its interval."""
    return macro_f1(scores) if measured.name == "macro_f1" else figure(scores, measured.name)


def judge(
    folder: RunFolder, book: CodeBook, *, conversion: Conversion | Path | None = None, spec: str | None = None
) -> Judged:
    """The scores of a run as far as it got.

    Args:
        folder: the run's folder.
        book: the edition that it was made with.
        conversion: a published table that brings gold of another edition to this one.
        spec: where its suite is now, if that has moved.

    Raises:
        InputError: it is no run, it is of another edition, or its suite is not what it was.
    """
    record = folder.record()
    edition = book.edition
    if record.codeset.sha256 != edition.sha256:
        raise InputError(
            f"the run {folder.path} is of the edition {record.codeset.edition} ({record.codeset.sha256[:12]}), and the "
            f"code table here is {edition.edition} ({edition.sha256[:12]}); set CHARTPROOF_CACHE to the folder of its "
            "own table, or run it again"
        )
    suite, unmapped = reconcile(open_again(record, spec), book, conversion)
    outcomes = tuple(folder.outcomes())
    return Judged(record, suite, outcomes, score_all(suite, outcomes, book), unmapped, book)


def caveats(judged: Judged) -> list[str]:
    """What keeps a run's figures from being compared or believed, in words; empty where nothing does."""
    said = []
    if judged.unfinished:
        said.append(f"{judged.unfinished} of {len(judged.scores)} encounters are not run yet; start the run again")
    elif judged.failed > MOST_FAILED * len(judged.scores):
        said.append(
            f"{judged.failed} of {len(judged.scores)} encounters failed, more than {MOST_FAILED:.0%}: not comparable; "
            "mend why and start the run again with --retry"
        )
    return said
