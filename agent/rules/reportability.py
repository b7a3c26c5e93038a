"""What is reported: what was managed, what a diagnosis brings with it, and symptoms where no diagnosis is certain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.records import Assertion, Candidate, Draft, Family, Finding, Reason, Scope, Setting, Severity
from agent.rules.documentation import read_as
from agent.rules.objection import about, against, quoted
from agent.rules.passage import cue_of_another
from agent.rules.rule import draft_rule
from agent.tables import read_rows

_SYMPTOMS = "R"
_PAINS = ("H57.1", "H92.0", "M25.5", "M54.2", "M54.5", "M54.6", "M54.9", "M79.6", "N50.81", "N64.4")
"""Symptoms that stand in the chapter of their site."""
_CIRCUMSTANCES = ("V", "W", "X", "Y", "Z")
"""Codes that are of no disease: external causes and factors."""
_ABNORMAL = ("R70", "R71", "R72", "R73", "R74", "R75", "R76", "R77", "R78", "R79", "R8", "R9")
"""Abnormal findings of examinations without diagnosis: R70 to R97."""
_NO_SYMPTOMS = (*_ABNORMAL, "R65", "R99")
"""Codes of the chapter of symptoms that are results, the severity of sepsis, or a death."""
_REPORTS = frozenset(("results", "imaging"))
"""Sections that hold what a laboratory or a radiologist reported."""


@draft_rule(
    Family.REPORTABILITY,
    "IV.J",
    example="outpatient | PMH: gout.\\nAssessment: Acute sinusitis. Amoxicillin.",
)
def not_managed_outpatient(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """An outpatient claim reports what bore on the care of this visit, no mere mention."""
    if draft.encounter.setting is Setting.OUTPATIENT and draft.scope is Scope.CLAIM:
        yield from _not_managed(draft, "not_managed_outpatient", "IV.J", "visit")


@draft_rule(
    Family.REPORTABILITY,
    "III",
    example="inpatient | PMH: gout.\\nDischarge diagnosis: Pneumonia. Ceftriaxone.",
)
def not_managed_inpatient(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """An inpatient claim adds what was evaluated, treated, tested, prolonged the stay or needed more nursing."""
    if draft.encounter.setting is Setting.INPATIENT and draft.scope is Scope.CLAIM:
        yield from _not_managed(draft, "not_managed_inpatient", "III", "stay")


def _not_managed(draft: Draft, rule: str, citation: str, what: str) -> Iterator[Finding]:
    for candidate in draft.candidates:
        if not candidate.managed:
            yield against(
                candidate,
                rule,
                citation,
                Reason.NOT_REPORTABLE,
                f"{quoted(candidate)} is mentioned, but nothing in the documents shows that it was monitored, "
                f"evaluated, assessed or treated during this {what}.",
            )


@draft_rule(
    Family.REPORTABILITY,
    "IV.I, IV.J, III",
    example="outpatient | PMH: COPD.\\nAssessment: Sprained ankle. Ice.",
)
def chronic_systemic(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A chronic systemic disease that is only mentioned deserves a second look: it often bears on care all the same."""
    if draft.scope is Scope.MENTIONS:
        return
    inpatient = draft.encounter.setting is Setting.INPATIENT
    told = {candidate.code for candidate in draft.candidates if _stands(candidate)}
    for candidate in draft.candidates:
        name = next((name for starts, name in chronic() if candidate.code.startswith(starts)), "")
        if name and candidate.code not in told and candidate.assertion is Assertion.AFFIRMED:
            told.add(candidate.code)
            yield about(
                candidate,
                "chronic_systemic",
                "III" if inpatient else "IV.I, IV.J",
                f"{quoted(candidate)} is a chronic systemic disease ({name}) without any sign of management "
                "here. Such a disease is reported as often as it is treated or bears on other care: look whether it "
                "did.",
                Severity.INFO,
            )


@draft_rule(
    Family.REPORTABILITY,
    "I.B.5",
    example="outpatient | Assessment: 1. Pneumonia 2. Cough",
)
def integral_symptom(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A sign or symptom that belongs to a diagnosis that is reported is not coded beside it."""
    if draft.scope is Scope.MENTIONS:
        return
    for symptom in draft.candidates:
        cause = _cause(symptom, draft.candidates)
        if cause is not None:
            code = book.get(cause.code)
            yield against(
                symptom,
                "integral_symptom",
                "I.B.5",
                Reason.INTEGRAL_SYMPTOM,
                f"{quoted(symptom)} is routinely part of {cause.code} ({code.title if code else cause.condition}), "
                "which is reported; a symptom that belongs to a diagnosis is not coded beside it.",
                instead=cause.code,
            )


def _cause(symptom: Candidate, candidates: tuple[Candidate, ...]) -> Candidate | None:
    """The diagnosis among the candidates that a symptom belongs to."""
    for pair in integral_pairs():
        if symptom.code.startswith(pair.symptoms):
            for other in candidates:
                if other.code.startswith(pair.diagnoses) and not other.code.startswith(pair.symptoms):
                    return other
    return None


@draft_rule(
    Family.REPORTABILITY,
    "I.B.6",
    example="outpatient | Assessment: 1. Pneumonia 2. Hematuria",
)
def symptom_of_its_own(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A managed sign or symptom that belongs to none of the diagnoses is coded beside them."""
    if draft.scope is Scope.MENTIONS:
        return
    diagnoses = [c for c in draft.candidates if _stands(c) and not c.code.startswith((_SYMPTOMS, *_CIRCUMSTANCES))]
    for symptom in draft.candidates if diagnoses else ():
        if symptom.code.startswith(_SYMPTOMS) and not symptom.code.startswith(_NO_SYMPTOMS) and _stands(symptom):
            if _cause(symptom, draft.candidates) is None:
                yield about(
                    symptom,
                    "symptom_of_its_own",
                    "I.B.6",
                    f"{quoted(symptom)} is not routinely part of any diagnosis found here; it is coded if it "
                    "was managed.",
                    Severity.INFO,
                )


@draft_rule(
    Family.REPORTABILITY,
    "I.B.4, IV.D",
    example="outpatient | Assessment: Cough, possible pneumonia.",
)
def symptom_without_diagnosis(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Where no diagnosis is certain, the sign or symptom is what an outpatient encounter is coded to."""
    if draft.scope is Scope.MENTIONS or draft.encounter.setting is Setting.INPATIENT:
        return
    suspected = list(read_as(draft, Assertion.UNCERTAIN))
    symptoms = (_SYMPTOMS, *_PAINS)
    certain = [c for c in draft.candidates if _stands(c) and not c.code.startswith((*symptoms, *_CIRCUMSTANCES))]
    told: set[str] = set()
    for symptom in draft.candidates if suspected and not certain else ():
        sure = symptom.assertion is Assertion.AFFIRMED or cue_of_another(draft, symptom)
        if sure and symptom.code not in told and symptom.code.startswith(symptoms):
            told.add(symptom.code)
            yield about(
                symptom,
                "symptom_without_diagnosis",
                "I.B.4, IV.D",
                f"No diagnosis is certain ({quoted(suspected[0])} is only suspected), so {quoted(symptom)} may "
                "be what is reported.",
                Severity.INFO,
            )


@draft_rule(
    Family.REPORTABILITY,
    "III.B",
    example="inpatient | Labs: hyperglycemia.\\nDischarge diagnosis: Pneumonia.",
)
def abnormal_finding(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Inpatient, an abnormal result is coded only where the provider says that it matters."""
    if draft.scope is Scope.MENTIONS or draft.encounter.setting is Setting.OUTPATIENT:
        return
    for candidate in draft.candidates:
        if candidate.code.startswith(_ABNORMAL) and _reported(candidate):
            yield against(
                candidate,
                "abnormal_finding",
                "III.B",
                Reason.NOT_REPORTABLE,
                f"{quoted(candidate)} stands among results alone; an abnormal finding of an inpatient is coded only "
                "where the provider says that it matters. If it was treated or worked up, ask the provider.",
            )


@draft_rule(
    Family.REPORTABILITY,
    "IV.K",
    example="outpatient | Imaging: Chest x-ray shows pneumonia.\\nAssessment: Cough. Antibiotics.",
)
def interpreted_report(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Outpatient, a diagnosis that a physician's report of a test confirms may be coded, and not its symptoms."""
    if draft.scope is Scope.MENTIONS or draft.encounter.setting is Setting.INPATIENT:
        return
    # The provider may say the same elsewhere, in words that were read as a candidate of their own.
    told = {c.code for c in draft.candidates if not _reported(c) and c.assertion is Assertion.AFFIRMED}
    for candidate in draft.candidates:
        if candidate.code in told or candidate.assertion is not Assertion.AFFIRMED or not _reported(candidate):
            continue
        if not candidate.code.startswith((_SYMPTOMS, *_CIRCUMSTANCES)):
            told.add(candidate.code)
            yield about(
                candidate,
                "interpreted_report",
                "IV.K",
                f"{quoted(candidate)} stands in a report alone. If a physician interpreted the test and the "
                "report was final at the time of coding, a confirmed diagnosis in it may be coded; a finding that "
                "nobody interpreted may not.",
                Severity.INFO,
            )


def _stands(candidate: Candidate) -> bool:
    return candidate.assertion is Assertion.AFFIRMED and bool(candidate.managed)


def _reported(candidate: Candidate) -> bool:
    """Whether a candidate rests on results alone."""
    return all(evidence.section in _REPORTS for evidence in candidate.evidence)


class Integral(NamedTuple):
    """Diagnoses, by the beginnings of their codes, and the symptoms that belong to each of them."""

    diagnoses: tuple[str, ...]
    symptoms: tuple[str, ...]


@cache
def integral_pairs() -> tuple[Integral, ...]:
    """The diagnoses and their symptoms, from `agent/rules/integral.tsv`."""
    rows = read_rows("agent.rules", "integral.tsv")
    return tuple(Integral(tuple(row["diagnoses"].split()), tuple(row["symptoms"].split())) for row in rows)


@cache
def chronic() -> tuple[tuple[tuple[str, ...], str], ...]:
    """Chronic systemic diseases as the beginnings of their codes and their name."""
    return tuple((tuple(row["codes"].split()), row["name"]) for row in read_rows("agent.rules", "chronic.tsv"))
