"""Settle: verdicts become the outcome; codes alone have the last word, and every candidate ends somewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from agent.claim import Poa, claim_of
from agent.codebook import CodeBook
from agent.errors import StepError
from agent.notes import is_discharge_summary
from agent.records import (
    Alternative,
    AssignedCode,
    Candidate,
    DecidedBy,
    Draft,
    Dropped,
    Encounter,
    Evidence,
    ExcludedCode,
    Family,
    Finding,
    Kept,
    Reason,
    Role,
    Scope,
    Setting,
    Severity,
    Verdict,
    dropped_by_rule,
)
from agent.rules.poa import with_poa
from agent.rules.run import check_codes
from agent.rules.sequence import in_order
from agent.rules.sheet import Sheet

_MERE_MENTIONS = frozenset((Reason.NOT_REPORTABLE, Reason.HISTORICAL, Reason.DUPLICATE))
"""Reasons that speak of a mention, not of the condition."""

_MAY_BEGIN_LATER = ("O", "P", "Z")
"""Codes that may be principal though they began during the stay: of a delivery and of a newborn."""

_FIRST = {"diagnosis": 0, "assessment_plan": 1, "hospital_course": 2, "plan": 3, "chief_complaint": 4, "hpi": 5}
"""The sections from which a sequence starts, in this order; the rest come after in order of place."""


Kepts = dict[str, list[tuple[Candidate, Kept]]]
Order = dict[str, tuple[bool, int]]
Rank = tuple[bool, bool, int, int, int]


class Outcome(NamedTuple):
    """What a draft came to."""

    codes: tuple[AssignedCode, ...]
    excluded: tuple[ExcludedCode, ...]
    findings: tuple[Finding, ...]


def settle(
    draft: Draft,
    findings: Sequence[Finding],
    verdicts: Sequence[Verdict],
    book: CodeBook,
    *,
    off: Collection[Family] = (),
) -> Outcome:
    """The codes in their sequence, the exclusions and the findings that are not about one exclusion.

    A claim is put in the order that the sequencing rules ask for, a stay's codes get their POA indicators, and the
    rules of claims have their say once more; families that are `off` have none.

    Raises:
        StepError: a candidate with no verdict or two, or a kept code that is not a billable code of the edition.
    """
    _check(draft, verdicts)
    verdicts = _bound(draft.candidates, verdicts, findings)
    kept: Kepts = {}
    dropped: dict[tuple[str, str, str | None], list[tuple[Candidate, Dropped]]] = {}
    for candidate, verdict in zip(draft.candidates, verdicts, strict=True):
        if isinstance(verdict, Kept):
            kept.setdefault(verdict.code, []).append((candidate, verdict))
        else:
            dropped.setdefault((candidate.code, verdict.reason, verdict.replaced_by), []).append((candidate, verdict))
    _join_mentions(kept, dropped)
    order = _reading_order(draft.encounter)
    said = [_of_outcome(finding, kept) for finding in findings if finding.reason is None]
    places = {code: len(_evidence(group, order)) for code, group in kept.items() if len(group) > 1}
    said += [_reported_once(code, number) for code, number in places.items() if number > 1]
    ordered = sorted(kept.items(), key=lambda item: _place(item[1], order))
    codes = tuple(
        _assigned(code, number, group, draft, book, order) for number, (code, group) in enumerate(ordered, start=1)
    )
    if draft.scope is Scope.CLAIM:
        codes, found = _as_claim(codes, draft, book, off)
        said += found
    codes = tuple(
        code.model_copy(
            update={"findings": tuple(f for f in said if code.code in f.codes and _is_about(f, kept, code.code))}
        )
        for code in codes
    )
    excluded = tuple(_excluded(group, book, order) for group in dropped.values())
    excluded += tuple(_replaced(group, book, order) for group in _changed(kept).values())
    return Outcome(codes, excluded, tuple(said))


def _of_outcome(finding: Finding, kept: Kepts) -> Finding:
    """A finding about a candidate that is not reported under its code is for information: it is in nobody's way."""
    about = finding.candidate is None or any(_is_about(finding, kept, code) for code in finding.codes)
    return finding if about else finding.model_copy(update={"severity": Severity.INFO})


def _is_about(finding: Finding, kept: Kepts, code: str) -> bool:
    """Whether a finding is about a reported code: about no candidate, or about one that is reported under it."""
    group = kept.get(code, ())
    return finding.candidate is None or any(candidate.id == finding.candidate for candidate, _ in group)


def _reading_order(encounter: Encounter) -> Order:
    """The documents of an encounter in the order in which they count: of a stay the discharge summary first."""
    stay = encounter.setting is Setting.INPATIENT
    return {
        document.id: (not (stay and is_discharge_summary(document)), place)
        for place, document in enumerate(encounter.documents)
    }


def _as_claim(
    codes: tuple[AssignedCode, ...], draft: Draft, book: CodeBook, off: Collection[Family]
) -> tuple[tuple[AssignedCode, ...], tuple[Finding, ...]]:
    """The codes as a claim: with POA indicators where it is a stay, in their order, and what the rules say of them."""
    encounter = draft.encounter
    if encounter.setting is Setting.INPATIENT and Family.EDITS not in off:
        codes = with_poa(codes, encounter, book)
    if Family.SEQUENCING not in off:
        by_code = {code.code: code for code in codes}
        order = in_order(Sheet(claim_of(encounter, codes), book))
        codes = tuple(
            by_code[code].model_copy(update={"sequence": number, "role": _role(number, draft)})
            for number, code in enumerate(order, start=1)
        )
    if codes and codes[0].poa == Poa.UNKNOWN and not codes[0].code.startswith(_MAY_BEGIN_LATER):
        # What occasioned an admission was there (II), even where no words say so.
        codes = (codes[0].model_copy(update={"poa": Poa.YES.value}), *codes[1:])
    return codes, check_codes(Sheet(claim_of(encounter, codes), book), off=off)


def _role(number: int, draft: Draft) -> Role:
    if number > 1:
        return Role.SECONDARY
    return Role.PRINCIPAL if draft.encounter.setting is Setting.INPATIENT else Role.FIRST_LISTED


def _join_mentions(
    kept: dict[str, list[tuple[Candidate, Kept]]],
    dropped: dict[tuple[str, str, str | None], list[tuple[Candidate, Dropped]]],
) -> None:
    """Make other mentions of a reported condition its evidence: no code is both reported and left out as mentioned."""
    for key in [key for key in dropped if key[0] in kept and key[1] in _MERE_MENTIONS]:
        code = key[0]
        for candidate, _ in dropped.pop(key):
            kept[code].append((candidate, kept[code][0][1].model_copy(update={"candidate": candidate.id})))


def _bound(candidates: Sequence[Candidate], verdicts: Sequence[Verdict], findings: Sequence[Finding]) -> list[Verdict]:
    """The verdicts, with those that keep what a binding rule speaks against turned into that rule's exclusion."""
    binding = {f.candidate: f for f in findings if f.binding and f.candidate is not None}
    return [
        dropped_by_rule(candidate, binding[candidate.id])
        if isinstance(verdict, Kept) and candidate.id in binding
        else verdict
        for candidate, verdict in zip(candidates, sorted(verdicts, key=lambda v: v.candidate), strict=True)
    ]


def _changed(kept: dict[str, list[tuple[Candidate, Kept]]]) -> dict[tuple[str, str], list[tuple[Candidate, Kept]]]:
    """The candidates that are reported under another code than was proposed, by both codes."""
    changed: dict[tuple[str, str], list[tuple[Candidate, Kept]]] = {}
    for code, group in kept.items():
        for candidate, verdict in group:
            if candidate.code != code and candidate.code not in kept:
                changed.setdefault((candidate.code, code), []).append((candidate, verdict))
    return changed


def _replaced(group: Sequence[tuple[Candidate, Kept]], book: CodeBook, order: Order) -> ExcludedCode:
    candidate, verdict = group[0]
    entry = book.get(candidate.code)
    return ExcludedCode(
        code=candidate.code,
        title=entry.title if entry else candidate.condition,
        reason=Reason.REPLACED if entry else Reason.INVALID_CODE,
        citation=verdict.citation or "I.B.2",
        explanation=f"Reported as {verdict.code} instead: {verdict.why_not.get(candidate.code) or verdict.rationale}",
        evidence=_evidence(group, order),
        decided_by=DecidedBy.CRITIC,
        replaced_by=verdict.code,
    )


def _check(draft: Draft, verdicts: Sequence[Verdict]) -> None:
    ids = sorted(verdict.candidate for verdict in verdicts)
    if ids != sorted(candidate.id for candidate in draft.candidates):
        raise StepError(
            f"the critique of {draft.encounter.id} gave {len(ids)} verdicts for {len(draft.candidates)} "
            "candidates, or one "
            "twice; this is a defect of the engine, please report it",
            encounter=draft.encounter.id,
            step="critique",
        )


def _place(group: Sequence[tuple[Candidate, Kept]], order: Order) -> tuple[Rank, int]:
    """Where a code stands first, as coders read: where it was managed, the diagnoses and assessment before the rest.

    Of two codes on the same words the one that holds more goes first: a combination code before the stage or kind that
    it asks for ("code first", I.A.13).
    """
    return min(
        (_rank(candidate, e, order), -len(candidate.evidence)) for candidate, _ in group for e in candidate.evidence
    )


def _rank(candidate: Candidate, evidence: Evidence, order: Order) -> Rank:
    later, place = order[evidence.document]
    return not candidate.managed, later, _FIRST.get(evidence.section, 9), place, evidence.start


def _assigned(
    code: str,
    number: int,
    group: Sequence[tuple[Candidate, Kept]],
    draft: Draft,
    book: CodeBook,
    order: Order,
) -> AssignedCode:
    entry = book.get(code)
    if entry is None or not entry.billable:
        raise StepError(
            f"{code} was kept for {draft.encounter.id} but is no billable code of the edition; this is a defect of the "
            "rules, please report it",
            encounter=draft.encounter.id,
            step="settle",
        )
    first_candidate, first = min(group, key=lambda pair: _place([pair], order))
    return AssignedCode(
        code=code,
        title=entry.title,
        sequence=number,
        role=_role(number, draft),
        rationale=first.rationale,
        evidence=_evidence(group, order),
        alternatives=tuple(
            Alternative(code=a.code, title=a.title, relation=a.relation, why_not=first.why_not.get(a.code, ""))
            for a in first_candidate.alternatives
            if a.code != code
        ),
        confidence=max(verdict.confidence for _, verdict in group),
    )


def _evidence(group: Sequence[tuple[Candidate, Kept | Dropped]], order: Order) -> tuple[Evidence, ...]:
    """The evidence of all candidates of one code, each place once: where it was managed first, then as coders read."""
    once: dict[tuple[str, int, int], Rank] = {}
    found: dict[tuple[str, int, int], Evidence] = {}
    for candidate, _ in group:
        for e in candidate.evidence:
            place = (e.document, e.start, e.end)
            rank = _rank(candidate, e, order)
            if place not in once or rank < once[place]:
                once[place], found[place] = rank, e
    return tuple(found[place] for place in sorted(once, key=lambda place: once[place]))


def _excluded(group: Sequence[tuple[Candidate, Dropped]], book: CodeBook, order: Order) -> ExcludedCode:
    candidate, verdict = group[0]
    entry = book.get(candidate.code)
    return ExcludedCode(
        code=candidate.code,
        title=entry.title if entry else candidate.condition,
        reason=verdict.reason,
        citation=verdict.citation,
        explanation=verdict.explanation,
        evidence=_evidence(group, order),
        decided_by=verdict.decided_by,
        replaced_by=verdict.replaced_by if verdict.reason is not Reason.INVALID_CODE else None,
    )


def _reported_once(code: str, times: int) -> Finding:
    return Finding(
        rule="reported_once",
        citation="I.B.12",
        severity=Severity.INFO,
        codes=(code,),
        message=f"{code} is documented in {times} places and reported once.",
    )
