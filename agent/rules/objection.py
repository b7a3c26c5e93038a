"""Objection: the finding of a rule that speaks against one candidate, and the words that rules have in common."""

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


def quoted(candidate: Candidate) -> str:
    """The words of the document that a candidate rests on, in quotation marks."""
    return f"\u201c{candidate.evidence[0].text}\u201d"


def is_history(code: str) -> bool:
    """Whether a code itself says that something is past, a relative's or a status; such words don't object to it."""
    return code.startswith(("Z8", "Z9", "Z77", "Z78", "Z79"))
