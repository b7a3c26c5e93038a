"""Drafts made by hand: candidates on the words of one note, without reading any."""

from __future__ import annotations

from typing import Any

from agent.records import (
    Assertion,
    Candidate,
    DecidedBy,
    Document,
    Draft,
    Dropped,
    Encounter,
    Evidence,
    Finding,
    Kept,
    Match,
    Reason,
    Scope,
    Setting,
    Severity,
)

TEXT = "gout asthma cough fever " * 20


def evidence(start: int = 0, *, section: str = "assessment_plan", text: str | None = None) -> Evidence:
    """Four code points of the note from `start`, or `text` in its place."""
    said = TEXT[start : start + 4] if text is None else text
    return Evidence(
        document="note", start=start, end=start + len(said), text=said, section=section, match=Match.EXACT, score=100
    )


def candidate(number: int, code: str = "M10.9", **more: Any) -> Candidate:
    """An affirmed, managed candidate on words of its own."""
    own = (evidence(number * 5 % 400),)
    given: dict[str, Any] = {"condition": code, "assertion": Assertion.AFFIRMED, "evidence": own} | more
    return Candidate(id=number, code=code, **({"managed": given["evidence"]} | given))


def draft(*candidates: Candidate, setting: Setting = Setting.OUTPATIENT, scope: Scope = Scope.CLAIM) -> Draft:
    encounter = Encounter(id="case", setting=setting, documents=(Document(id="note", text=TEXT),))
    return Draft(encounter=encounter, scope=scope, candidates=candidates)


def kept(number: int, code: str = "M10.9", **more: Any) -> Kept:
    return Kept(candidate=number, code=code, **({"rationale": "said", "confidence": 0.5} | more))


def dropped(number: int, reason: Reason = Reason.NOT_REPORTABLE, **more: Any) -> Dropped:
    given = {"citation": "IV.J", "explanation": "why", "decided_by": DecidedBy.RULE}
    return Dropped(candidate=number, reason=reason, **(given | more))


def finding(number: int | None = None, reason: Reason | None = None, **more: Any) -> Finding:
    given = {"rule": "r", "citation": "IV.H", "severity": Severity.INFO, "message": "why"}
    return Finding(candidate=number, reason=reason, **(given | more))
