"""Linkage: conditions that the classification joins into one code when both are documented (I.A.15 "with").

Adds the combined code as a candidate of its own, with the evidence of both; the rule `combined` then speaks against the
codes that it replaces, so that both stay visible. The pairs are data, in `agent/linkage.tsv`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from agent.codebook import CodeBook
from agent.records import Alternative, Assertion, Candidate, Draft, Finding, Reason, Relation, Scope, Severity


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
        for base, other in _linked(pair, [c for c in candidates if _counts(c)]):
            code = book.get(pair.combined.format(base=base.code[:3]))
            if code is None or not code.billable or code.code in made:
                continue
            made.add(code.code)
            candidates.append(_joined(len(candidates), base, other, code.code, book))
    return draft.model_copy(update={"candidates": tuple(candidates)})


def combined(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A combination code stands for the codes that it joins; these are not reported beside it (I.B.9)."""
    if draft.scope is Scope.MENTIONS:
        return
    present = {candidate.code for candidate in draft.candidates}
    for pair in links():
        for base, other in _linked(pair, draft.candidates):
            whole = pair.combined.format(base=base.code[:3])
            if whole in present:
                for one, goes in ((base, pair.base_goes), (other, pair.with_goes)):
                    if goes:
                        yield _replaced(one, whole, pair, book)


def _linked(pair: Link, candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    """The candidates that a pair joins; those whose words call for a narrower pair (its row comes first) are its."""
    for base in candidates:
        for other in candidates:
            if (
                base.code.startswith(pair.base)
                and other.code.startswith(pair.other)
                and next(
                    (p for p in links() if p.other == pair.other and p.base == pair.base and _worded(p, other)), None
                )
                is pair
            ):
                yield base, other


def _replaced(candidate: Candidate, whole: str, pair: Link, book: CodeBook) -> Finding:
    code = book.get(whole)
    title = code.title if code else whole
    return Finding(
        rule="combined",
        citation=f"I.B.9, {pair.citation}",
        severity=Severity.INFO,
        codes=(candidate.code, whole),
        message="The classification presumes the two conditions linked unless the provider says otherwise; "
        f"{whole} ({title}) "
        f"holds both, and {candidate.code} is not reported beside it.",
        reason=Reason.REPLACED,
        instead=whole,
        candidate=candidate.id,
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
    text = (files("agent") / "linkage.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader((line for line in text.splitlines() if line and not line.startswith("#")), delimiter="\t")
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
        for row in rows
    )
