"""What the document says of a condition, and whether it may then be reported in this setting."""

from __future__ import annotations

from collections.abc import Iterator

from agent.codebook import CodeBook
from agent.records import Assertion, Candidate, Draft, Finding, Reason, Scope, Setting, Severity
from agent.rules.objection import against, quoted


def not_present(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that is denied, or only imagined, is not coded: a code needs a statement that it exists (I.A.19)."""
    for candidate in draft.candidates:
        if candidate.assertion is Assertion.NEGATED:
            yield against(
                candidate,
                "not_present",
                "I.A.19",
                Reason.NEGATED,
                f"The document denies {quoted(candidate)}{_cue(candidate)}; a code needs the provider's statement "
                "that the condition exists.",
            )
        elif candidate.assertion is Assertion.HYPOTHETICAL:
            yield against(
                candidate,
                "not_present",
                "I.A.19",
                Reason.HYPOTHETICAL,
                f"{quoted(candidate)} is spoken of as a risk, a condition or an "
                f"instruction{_cue(candidate)}, not as "
                "something that the patient has.",
            )


def family(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A relative's condition is not the patient's; it is reported as family history where it matters (I.C.21.c.4)."""
    for candidate in draft.candidates:
        if candidate.assertion is Assertion.FAMILY and not _is_history(candidate.code):
            yield against(
                candidate,
                "family",
                "I.C.21.c.4",
                Reason.FAMILY,
                f"{quoted(candidate)} is a relative's{_cue(candidate)}, not the patient's.",
            )


def uncertain(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Outpatient, what is only suspected is not coded (IV.H); inpatient it is, as if established (II.H, III.C)."""
    for candidate in draft.candidates:
        if candidate.assertion is not Assertion.UNCERTAIN:
            continue
        if draft.encounter.setting is Setting.INPATIENT:
            yield Finding(
                rule="uncertain",
                citation="II.H, III.C",
                severity=Severity.INFO,
                codes=(candidate.code,),
                message=f"{quoted(candidate)} is documented as uncertain{_cue(candidate)}; at inpatient "
                "discharge it is "
                "coded as if it existed. Confirm that it was still uncertain at discharge.",
            )
        elif draft.scope is Scope.CLAIM:
            yield against(
                candidate,
                "uncertain",
                "IV.H",
                Reason.UNCERTAIN_OUTPATIENT,
                f"{quoted(candidate)} is documented as uncertain{_cue(candidate)}; an outpatient encounter "
                "is coded to "
                "its highest degree of certainty, such as the sign or symptom.",
            )


def historical(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that no longer exists is not coded as current; a personal history code may be (IV.J, I.C.21.c.4)."""
    if draft.scope is Scope.MENTIONS:
        return
    for candidate in draft.candidates:
        if candidate.assertion is Assertion.HISTORICAL and not _is_history(candidate.code) and not candidate.managed:
            yield against(
                candidate,
                "historical",
                "I.C.21.c.4",
                Reason.HISTORICAL,
                f"{quoted(candidate)} is documented as past{_cue(candidate)} and nothing shows that it was "
                "managed now; "
                "a resolved condition is not reported as current.",
            )


def not_managed(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A claim reports what was monitored, evaluated, assessed or treated (IV.J; inpatient III), no mere mention."""
    if draft.scope is Scope.MENTIONS:
        return
    citation = "IV.J" if draft.encounter.setting is Setting.OUTPATIENT else "III"
    for candidate in draft.candidates:
        if not candidate.managed:
            yield against(
                candidate,
                "not_managed",
                citation,
                Reason.NOT_REPORTABLE,
                f"{quoted(candidate)} is mentioned, but nothing in the documents shows that it was "
                "monitored, evaluated, "
                "assessed or treated at this encounter.",
            )


def planned(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A status that is only planned is not yet one (I.C.21.c.3)."""
    for candidate in draft.candidates:
        if candidate.assertion is Assertion.PLANNED and candidate.code.startswith("Z"):
            yield against(
                candidate,
                "planned",
                "I.C.21.c.3",
                Reason.HYPOTHETICAL,
                f"{quoted(candidate)} is planned{_cue(candidate)} and has not taken place.",
            )


def disagreement(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A reader and the cue words around its quote say different things; both are shown, neither overrides."""
    for candidate in draft.candidates:
        if candidate.cued is not None and candidate.cued is not candidate.assertion:
            yield Finding(
                rule="disagreement",
                citation="assertion by cue words",
                severity=Severity.WARNING,
                codes=(candidate.code,),
                message=f"{quoted(candidate)} was read as {candidate.assertion.value}, but the words around it say "
                f"{candidate.cued.value}{_cue(candidate)}. Read the passage.",
            )


def _cue(candidate: Candidate) -> str:
    return f" (\u201c{candidate.note}\u201d)" if candidate.note else ""


def _is_history(code: str) -> bool:
    """Whether a code itself says that something is past, a relative's or a status; such words don't object to it."""
    return code.startswith(("Z8", "Z9", "Z77", "Z78", "Z79"))
