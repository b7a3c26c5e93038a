"""Linkage: conditions that the classification joins into one code when both are documented (I.A.15 "with").

Adds the combined code as a candidate of its own, with the evidence of both; the rule `combined` then speaks against the
codes that it replaces, so that both stay visible. The pairs are data, in `agent/linkage.tsv`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.records import Alternative, Assertion, Candidate, Draft, Family, Finding, Reason, Relation, Scope
from agent.rules.objection import against
from agent.rules.rule import draft_rule
from agent.tables import read_rows

CHRONIC_PAIN = "G89.29"
SITES_OF_PAIN = ("M25.5", "M54.2", "M54.5", "M54.6", "M54.9", "M79.6", "R10.2")
"""Codes that name where a pain is and not how long it lasts."""


class Link(NamedTuple):
    """Two conditions and the code that holds both; `base_goes` and `with_goes` tell whether it replaces theirs."""

    base: tuple[str, ...]
    other: tuple[str, ...]
    words: tuple[str, ...]
    combined: str
    base_goes: bool
    with_goes: bool
    citation: str


def link(draft: Draft, book: CodeBook) -> Draft:
    """The draft with a candidate for each combination code that its reportable candidates call for.

    Claims only: a list of mentions keeps conditions as they are documented.
    """
    if draft.scope is Scope.MENTIONS:
        return draft
    candidates = list(draft.candidates)
    made: set[str] = set()
    for pair in links():
        bases, others = _sides(pair, [c for c in candidates if _counts(c)])
        for base in bases if others else ():
            code = book.get(pair.combined.format(base=base.code[:3]))
            if code is None or not code.billable or code.code in made:
                continue
            made.add(code.code)
            candidates.append(_joined(len(candidates), base, others[0], code.code, book))
    candidates += _chronic_pain(draft, candidates, book)
    return draft.model_copy(update={"candidates": tuple(candidates)})


def _chronic_pain(draft: Draft, candidates: Sequence[Candidate], book: CodeBook) -> list[Candidate]:
    """Chronic pain as a second code beside the site of a pain that is called chronic (I.C.6.b.1.b).

    A critic keeps one code an item, so what takes two codes has to be two items.
    """
    code = book.get(CHRONIC_PAIN)
    if code is None or any(candidate.code == CHRONIC_PAIN for candidate in candidates):
        return []
    for candidate in candidates:
        first = candidate.evidence[0]
        text = draft.encounter.document(first.document).text
        said = text[max(0, first.start - len("chronic ")) : first.end].lower()
        if _counts(candidate) and candidate.code.startswith(SITES_OF_PAIN) and "chronic" in said and "pain" in said:
            near = [*book.siblings(code.code), *book.parents(code.code)[:1]]
            return [
                candidate.model_copy(
                    update={
                        "id": len(candidates),
                        "condition": "Chronic pain",
                        "code": code.code,
                        "alternatives": tuple(
                            Alternative(code=other.code, title=other.title, relation=Relation.SIBLING)
                            for other in near
                            if other.billable
                        ),
                    }
                )
            ]
    return []


@draft_rule(
    Family.SPECIFICITY,
    "I.B.9, I.A.15",
    example="outpatient | Assessment:\\n1. Hypertension\\n2. CKD stage 4",
)
def combined(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A combination code stands for the codes that it joins; these are not reported beside it."""
    if draft.scope is Scope.MENTIONS:
        return
    present = {candidate.code for candidate in draft.candidates}
    for pair in links():
        bases, others = _sides(pair, draft.candidates)
        wholes = {base.id: pair.combined.format(base=base.code[:3]) for base in bases}
        replaced = [base for base in bases if others and wholes[base.id] in present]
        if replaced and pair.base_goes:
            yield from (_replaced(base, wholes[base.id], pair, book) for base in replaced)
        if replaced and pair.with_goes:
            yield from (_replaced(other, wholes[replaced[0].id], pair, book) for other in others)


def _sides(pair: Link, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """The candidates of both sides of a pair; one whose words call for a narrower pair (its row is first) is not."""
    rows = [row for row in links() if row.base == pair.base and row.other == pair.other]
    return (
        [base for base in candidates if base.code.startswith(pair.base)],
        [
            other
            for other in candidates
            if other.code.startswith(pair.other) and next((row for row in rows if _worded(row, other)), None) is pair
        ],
    )


def _replaced(candidate: Candidate, whole: str, pair: Link, book: CodeBook) -> Finding:
    code = book.get(whole)
    return against(
        candidate,
        "combined",
        f"I.B.9, {pair.citation}",
        Reason.REPLACED,
        f"The classification presumes the two conditions linked unless the provider says otherwise; {whole} "
        f"({code.title if code else whole}) holds both, and {candidate.code} is not reported beside it.",
        instead=whole,
    )


def _counts(candidate: Candidate) -> bool:
    return candidate.assertion is Assertion.AFFIRMED and bool(candidate.managed)


def _worded(pair: Link, candidate: Candidate) -> bool:
    said = candidate.evidence[0].text.lower()
    return not pair.words or any(word in said for word in pair.words)


def _joined(number: int, base: Candidate, other: Candidate, code: str, book: CodeBook) -> Candidate:
    parts = [book.get(part.code) for part in (base, other)]
    return Candidate(
        id=number,
        condition=f"{base.condition} with {other.condition}",
        code=code,
        assertion=Assertion.AFFIRMED,
        evidence=base.evidence + other.evidence,
        managed=base.managed + other.managed,
        alternatives=tuple(
            Alternative(code=part.code, title=part.title, relation=Relation.PROPOSED)
            for part in parts
            if part is not None
        ),
    )


@cache
def links() -> tuple[Link, ...]:
    """The pairs that the classification links."""
    return tuple(
        Link(
            base=tuple(row["base"].split()),
            other=tuple(row["with"].split()),
            words=tuple(row["words"].split()),
            combined=row["combined"],
            base_goes=row["base_goes"] == "yes",
            with_goes=row["with_goes"] == "yes",
            citation=row["citation"],
        )
        for row in read_rows("agent", "linkage.tsv")
    )
