"""Cases, codings and outcomes made by hand, for tests of what judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from agent.records import (
    AssignedCode,
    Audit,
    Codeset,
    Coding,
    DecidedBy,
    Document,
    Encounter,
    Evidence,
    ExcludedCode,
    Match,
    Reason,
    Rejection,
    Role,
    Scope,
    Setting,
    Usage,
)
from evals.cases import Case, GoldCode, GoldExclusion, Span
from evals.counts import Prf
from evals.outcome import Outcome, Steps
from evals.score import Score

NOTE = "HPI\nCough for a week, no fever.\n\nASSESSMENT\nPneumonia, likely viral. Hypertension. Type 2 diabetes.\n"


def span(words: str, text: str = NOTE, document: str = "note") -> Span:
    """Where the words stand first."""
    start = text.index(words)
    return Span(document=document, start=start, end=start + len(words))


def case(
    *codes: str,
    name: str = "a",
    evidence: Mapping[str, Sequence[str]] | None = None,
    exclusions: Sequence[GoldExclusion] = (),
    ordered: bool = False,
    setting: Setting = Setting.OUTPATIENT,
    poa: Mapping[str, str] | None = None,
    text: str = NOTE,
) -> Case:
    """A case on one note; `evidence` has words of the note by code."""
    gold = tuple(
        GoldCode(
            code=code,
            evidence=tuple(span(words, text) for words in (evidence or {}).get(code, ())),
            poa=(poa or {}).get(code),
        )
        for code in codes
    )
    encounter = Encounter(id=name, setting=setting, documents=(Document(id="note", text=text),))
    return Case(encounter=encounter, codes=gold, exclusions=tuple(exclusions), ordered=ordered)


def evidence(words: str, text: str = NOTE, section: str = "assessment_plan") -> Evidence:
    at = span(words, text)
    return Evidence(
        document="note", start=at.start, end=at.end, text=words, section=section, match=Match.EXACT, score=100
    )


def assigned(code: str, *words: str, confidence: float = 0.5, poa: str | None = None, number: int = 1) -> AssignedCode:
    return AssignedCode(
        code=code,
        title=code,
        sequence=number,
        role=Role.SECONDARY,
        rationale="said",
        evidence=tuple(evidence(one) for one in words or ("Pneumonia",)),
        poa=poa,
        confidence=confidence,
    )


def excluded(code: str, reason: Reason, replaced_by: str | None = None) -> ExcludedCode:
    return ExcludedCode(
        code=code,
        title=code,
        reason=reason,
        citation="IV.H",
        explanation="why",
        decided_by=DecidedBy.RULE,
        replaced_by=replaced_by,
    )


def coding(
    *codes: AssignedCode, left_out: Sequence[ExcludedCode] = (), rejected: Sequence[Rejection] = (), name: str = "a"
) -> Coding:
    audit = Audit(
        version="1",
        engine="lexical",
        model=None,
        prompts={},
        codeset=Codeset(system="s", edition="e", effective=(date(2026, 4, 1), date(2026, 9, 30)), sha256="0"),
        documents={},
        settings={},
        usage=Usage(),
        started="",
    )
    return Coding(
        encounter_id=name,
        setting=Setting.OUTPATIENT,
        scope=Scope.CLAIM,
        date_of_service=None,
        codes=codes,
        excluded=tuple(left_out),
        findings=(),
        rejected=tuple(rejected),
        audit=audit,
    )


def outcome(made: Coding, steps: Steps | None = None, usage: Usage | None = None) -> Outcome:
    return Outcome(
        encounter=made.encounter_id,
        codes=tuple(code.code for code in made.codes),
        coding=made,
        steps=steps or Steps(),
        usage=usage or Usage(),
    )


def counted(hit: str = "", extra: str = "", missed: str = "", name: str = "a", *, failure: str = "") -> Score:
    """A score of which only the exact codes matter, each given as words of one text."""
    hits, extras, misses = (frozenset(text.split()) for text in (hit, extra, missed))
    counts = Prf(len(hits), len(extras), len(misses))
    return Score(
        encounter=name,
        setting=Setting.OUTPATIENT,
        specialty="",
        tags=(),
        characters=0,
        failure=failure,
        hit=hits,
        extra=extras,
        missed=misses,
        category=counts,
        hierarchical=counts,
        steps={"final": counts},
        losses=(),
        first_right=None,
        poa=Prf(),
        evidence=(),
        exclusions=(),
        sections={code: "text" for code in hits | extras | misses},
        confidence=(),
        rejected=0,
        proposals=0,
        misplaced=0,
        invalid=0,
        invented=0,
        lost=0,
        usage=Usage(),
    )
