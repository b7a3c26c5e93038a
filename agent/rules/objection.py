"""Objection: the findings of rules on one candidate, against it or not, and the words that they have in common."""

from __future__ import annotations

from agent.records import Candidate, Finding, Reason, Severity


def against(
    candidate: Candidate,
    rule: str,
    citation: str,
    reason: Reason,
    message: str,
    *,
    instead: str | None = None,
) -> Finding:
    """A finding against `candidate`; `instead` is the code that takes its place."""
    return Finding(
        rule=rule,
        citation=citation,
        severity=Severity.INFO,
        codes=(candidate.code,) if instead is None else (candidate.code, instead),
        message=message,
        reason=reason,
        instead=instead,
        candidate=candidate.id,
    )


def about(
    candidate: Candidate,
    rule: str,
    citation: str,
    message: str,
    severity: Severity = Severity.WARNING,
    *,
    beside: str | None = None,
) -> Finding:
    """A finding on `candidate` that objects to nothing; `beside` is the code that it is set against."""
    return Finding(
        rule=rule,
        citation=citation,
        severity=severity,
        codes=(candidate.code,) if beside is None else (candidate.code, beside),
        candidate=candidate.id,
        message=message,
    )


def quoted(candidate: Candidate) -> str:
    """The words of the document that a candidate rests on, in quotation marks."""
    return f"\u201c{candidate.evidence[0].text}\u201d"


def is_history(code: str) -> bool:
    """Whether a code itself says that something is past, a relative's or a status; such words don't object to it."""
    return code.startswith(("Z8", "Z9", "Z77", "Z78", "Z79"))
