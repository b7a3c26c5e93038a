"""Judge: the lexical engine's second call; what a rule speaks against is dropped with its reason, the rest is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent.records import (
    Assertion,
    Candidate,
    Draft,
    Finding,
    Kept,
    Relation,
    Scope,
    Verdict,
    dropped_by_rule,
)

_WHY_NOT = {
    Relation.CHILD: "The documents do not state what this code adds.",
    Relation.SIBLING: "The words quoted support the reported code; they do not say what sets this one apart.",
    Relation.PARENT: "Less specific than the words quoted.",
    Relation.SEARCH: "Close in words, but not what is documented.",
    Relation.PROPOSED: "Not what the words quoted support.",
}


def judge(draft: Draft, findings: Sequence[Finding]) -> Iterator[Verdict]:
    """One verdict for every candidate of `draft`, in order; the first finding that objects decides."""
    objections: dict[int, Finding] = {}
    for finding in findings:
        if finding.candidate is not None and finding.reason is not None:
            objections.setdefault(finding.candidate, finding)
    for candidate in draft.candidates:
        objection = objections.get(candidate.id)
        if objection is not None:
            yield dropped_by_rule(candidate, objection)
        else:
            yield Kept(
                candidate=candidate.id,
                code=candidate.code,
                rationale=_rationale(candidate, draft.scope),
                confidence=_confidence(candidate),
                why_not={other.code: _WHY_NOT[other.relation] for other in candidate.alternatives},
            )


def _rationale(candidate: Candidate, scope: Scope) -> str:
    first = candidate.evidence[0]
    said = f"\u201c{first.text}\u201d is documented under {first.section.replace('_', ' ')}"
    if candidate.note:
        said += f", with \u201c{candidate.note}\u201d beside it"
    if scope is Scope.CLAIM and candidate.managed:
        managed = candidate.managed[0].text
        if managed == first.text:
            return said + ", as a problem assessed at this encounter."
        return said + f"; managed at this encounter: \u201c{managed}\u201d"
    return said + "."


def _confidence(candidate: Candidate) -> float:
    """An order of trust, not a probability: plain statements above uncertain ones, managed above mentioned."""
    score = 0.5 + 0.2 * bool(candidate.managed) + 0.1 * (len(candidate.evidence) > 1)
    return round(score - 0.3 * (candidate.assertion is not Assertion.AFFIRMED), 2)
