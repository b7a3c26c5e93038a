"""Score: the outcome of one encounter against its gold. Sums over many are in `evals.metrics`.

A failed encounter misses all that its gold has: codes after every step, the first code, POA indicators, evidence and
exclusions. It stays in every denominator that gold makes. Denominators that only a result makes (precision, quotes that
were not found, invalid codes, calibration) have nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.errors import InputError
from agent.notes import read_sections, section_at
from agent.records import AssignedCode, Coding, Document, Reason, Setting, Usage
from evals.cases import Case, GoldCode, GoldExclusion, Span, Suite
from evals.counts import Prf, compare, with_ancestors
from evals.losses import Loss, lost_at
from evals.outcome import Outcome

STEPS = ("proposed", "grounded", "offered", "affirmed", "final")
"""Where codes are counted: proposed by the reader, grounded in a quote that was found, offered to the critique,
affirmed (the billable first codes of what the notes affirm: a claim without a critique), reported at the end."""

UNMARKED = "unmarked"
"""The section of a code for which neither the gold nor the outcome says where it stands."""


class EvidenceScore(NamedTuple):
    """The evidence of a code against the gold's, in characters: given, marked in the gold, and both."""

    code: str
    given: int
    gold: int
    both: int

    @property
    def f1(self) -> float:
        """The overlap: the harmonic mean of the shares of given and of gold characters that are in both."""
        return 2 * self.both / (self.given + self.gold)


class ExclusionScore(NamedTuple):
    """A gold exclusion: whether its code was kept out, whether it was excluded in words, and for the right reason.

    `given` are the reasons for which the code was excluded. A failed encounter keeps nothing out.
    """

    code: str
    reason: Reason
    given: tuple[Reason, ...]
    kept_out: bool

    @property
    def excluded(self) -> bool:
        """Whether it was considered and left out with a reason."""
        return self.kept_out and bool(self.given)

    @property
    def right_reason(self) -> bool:
        """Whether one of the reasons is the gold's."""
        return self.kept_out and self.reason in self.given


class Score(NamedTuple):
    """What one encounter adds to the figures.

    `hit`, `extra` and `missed` are exact codes; `category` counts categories (3 characters), `hierarchical` codes with
    what they stand under (see `with_ancestors`). `steps` are counts after each step that is known. `first_right` is
    None where the gold has no order. `poa` counts right indicators and `evidence` compares passages, both among hits
    that have them in the gold, and of a failed encounter among all codes that do, as missed. `sections` says where each
    code stands. `confidence` has each reported code's confidence and whether it is right. `rejected` counts proposals
    whose quote was not found, of `proposals`; `misplaced` evidence whose text is not its document's; `invalid` reported
    codes that are not billable; `invented` proposed ones that are not in the edition; `lost` candidates that ended
    nowhere.
    """

    encounter: str
    setting: Setting
    specialty: str
    tags: tuple[str, ...]
    characters: int
    failure: str
    hit: frozenset[str]
    extra: frozenset[str]
    missed: frozenset[str]
    category: Prf
    hierarchical: Prf
    steps: dict[str, Prf]
    losses: tuple[Loss, ...]
    first_right: bool | None
    poa: Prf
    evidence: tuple[EvidenceScore, ...]
    exclusions: tuple[ExclusionScore, ...]
    sections: dict[str, str]
    confidence: tuple[tuple[float, bool], ...]
    rejected: int
    proposals: int
    misplaced: int
    invalid: int
    invented: int
    lost: int
    usage: Usage

    @property
    def gold(self) -> frozenset[str]:
        """The codes that are right."""
        return self.hit | self.missed

    @property
    def reported(self) -> frozenset[str]:
        """The codes that were reported."""
        return self.hit | self.extra

    @property
    def counts(self) -> Prf:
        """The counts of exact codes."""
        return Prf(len(self.hit), len(self.extra), len(self.missed))

    @property
    def exact(self) -> bool:
        """Whether the codes are the gold, all and only; a failed encounter's never are."""
        return not (self.failure or self.extra or self.missed)

    @property
    def jaccard(self) -> float:
        """Codes in both over codes in either; 1 where neither has any, 0 for a failed encounter."""
        either = len(self.hit) + len(self.extra) + len(self.missed)
        return len(self.hit) / either if either else float(not self.failure)

    @property
    def f1(self) -> float:
        """The F1 of this encounter alone; 1 where there is no gold and nothing was reported."""
        return self.counts.f1 if self.hit or self.extra or self.missed else float(not self.failure)


def score(case: Case, outcome: Outcome, book: CodeBook) -> Score:
    """The score of an outcome.

    Raises:
        InputError: the outcome is of another encounter.
    """
    encounter = case.encounter
    if outcome.encounter != encounter.id:
        raise InputError(
            f"the outcome of {outcome.encounter!r} was given for {encounter.id!r}; score each with its own"
        )
    gold, coding = case.gold, None if outcome.failure else outcome.coding
    reported = () if outcome.failure else tuple(dict.fromkeys(outcome.codes))
    found = frozenset(reported)
    assigned = {code.code: code for code in coding.codes} if coding else {}
    judged = [entry for entry in case.codes if outcome.failure or entry.code in assigned]
    steps = _steps(gold, found, outcome)
    proposed = set(outcome.steps.proposed) if outcome.steps else set()
    rejected = coding.rejected if coding else ()
    return Score(
        encounter=encounter.id,
        setting=encounter.setting,
        specialty=case.specialty,
        tags=case.tags,
        characters=sum(len(document.text) for document in encounter.documents),
        failure=outcome.failure,
        hit=gold & found,
        extra=found - gold,
        missed=gold - found,
        category=compare({code[:3] for code in gold}, {code[:3] for code in found}),
        hierarchical=compare(with_ancestors(gold, book), with_ancestors(found, book)),
        steps=steps,
        losses=tuple(lost_at(code, outcome) for code in (entry.code for entry in case.codes) if code not in found),
        first_right=reported[:1] == (case.codes[0].code,) if case.ordered and case.codes else None,
        poa=_poa(judged, assigned),
        evidence=tuple(_evidence(entry, assigned.get(entry.code)) for entry in judged if entry.evidence),
        exclusions=tuple(_exclusion(entry, outcome, found) for entry in case.exclusions),
        sections=_sections(case, found, assigned),
        confidence=tuple((code.confidence, code.code in gold) for code in assigned.values()),
        rejected=len(rejected),
        proposals=len(rejected) + (outcome.steps.candidates if outcome.steps else 0),
        misplaced=_misplaced(encounter.documents, coding) if coding else 0,
        invalid=sum(not book.is_billable(code) for code in found),
        invented=sum(book.get(code) is None for code in proposed),
        lost=outcome.steps.lost if outcome.steps else 0,
        usage=outcome.usage,
    )


def score_all(suite: Suite, outcomes: Iterable[Outcome], book: CodeBook) -> tuple[Score, ...]:
    """The scores of a suite in its order; an encounter without an outcome counts as failed.

    Raises:
        InputError: an outcome of no encounter of the suite, or a second one of the same.
    """
    by_name: dict[str, Outcome] = {}
    known = {case.encounter.id for case in suite.cases}
    for outcome in outcomes:
        if outcome.encounter not in known:
            raise InputError(f"{outcome.encounter!r} is no encounter of {suite.name}; score the run on its own suite")
        if outcome.encounter in by_name:
            raise InputError(f"{outcome.encounter!r} has two outcomes; keep one")
        by_name[outcome.encounter] = outcome
    return tuple(
        score(case, by_name.get(name, Outcome(encounter=name, failure="it was not run")), book)
        for name, case in ((case.encounter.id, case) for case in suite.cases)
    )


def _steps(gold: frozenset[str], found: frozenset[str], outcome: Outcome) -> dict[str, Prf]:
    """The counts after each step; of a baseline the last one alone."""
    if outcome.failure:
        return {step: Prf(missed=len(gold)) for step in STEPS}
    after: dict[str, Iterable[str]] = {"final": found}
    if outcome.steps is not None:
        steps, rejected = outcome.steps, outcome.coding.rejected if outcome.coding else ()
        after = {
            "proposed": {*steps.proposed, *(one.code for one in rejected)},
            "grounded": steps.proposed,
            "offered": {*steps.proposed, *steps.offered},
            "affirmed": steps.affirmed,
            "final": found,
        }
    return {step: compare(gold, codes) for step, codes in after.items()}


def _poa(codes: Sequence[GoldCode], assigned: dict[str, AssignedCode]) -> Prf:
    """Indicators of gold codes: right, wrong (extra), and not given (missed)."""
    given_of = {code: one.poa for code, one in assigned.items()}
    pairs = [(entry.poa, given_of.get(entry.code)) for entry in codes if entry.poa]
    right = sum(gold == given for gold, given in pairs)
    absent = sum(given is None for _, given in pairs)
    return Prf(right, len(pairs) - right - absent, absent)


def _evidence(entry: GoldCode, given: AssignedCode | None) -> EvidenceScore:
    mine = _merged((e.document, e.start, e.end) for e in (given.evidence if given else ()))
    gold = _merged((span.document, span.start, span.end) for span in entry.evidence)
    both = sum(
        max(0, min(end, other_end) - max(start, other_start))
        for document, start, end in mine
        for other, other_start, other_end in gold
        if other == document
    )
    return EvidenceScore(entry.code, _length(mine), _length(gold), both)


def _merged(spans: Iterable[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """The same characters as spans that do not overlap."""
    merged: list[tuple[str, int, int]] = []
    for document, start, end in sorted(spans):
        if merged and merged[-1][0] == document and start <= merged[-1][2]:
            merged[-1] = (document, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((document, start, end))
    return merged


def _length(spans: Iterable[tuple[str, int, int]]) -> int:
    return sum(end - start for _, start, end in spans)


def _exclusion(entry: GoldExclusion, outcome: Outcome, found: frozenset[str]) -> ExclusionScore:
    coding = None if outcome.failure else outcome.coding
    given = tuple(left_out.reason for left_out in coding.excluded if left_out.code == entry.code) if coding else ()
    return ExclusionScore(entry.code, entry.reason, given, not outcome.failure and entry.code not in found)


def _sections(case: Case, found: frozenset[str], assigned: dict[str, AssignedCode]) -> dict[str, str]:
    """The section of each gold and reported code: of its first gold evidence, else of its first evidence reported."""
    marked = {entry.code: entry.evidence[0] for entry in case.codes if entry.evidence}
    needed = {span.document for span in marked.values()}
    read = {d.id: read_sections(d) for d in case.encounter.documents if d.id in needed}

    def section(code: str) -> str:
        span: Span | None = marked.get(code)
        if span is not None:
            return section_at(read[span.document], span.start).kind
        return assigned[code].evidence[0].section if code in assigned else UNMARKED

    return {code: section(code) for code in sorted(case.gold | found)}


def _misplaced(documents: Sequence[Document], coding: Coding) -> int:
    texts = {document.id: document.text for document in documents}
    return sum(texts.get(e.document, "")[e.start : e.end] != e.text for code in coding.codes for e in code.evidence)
