"""Lookup: a grounded proposal meets the code table and becomes a candidate with its alternatives."""

from __future__ import annotations

from agent.codebook import CodeBook
from agent.records import Alternative, Candidate, Evidence, Proposal, Relation

MOST_ALTERNATIVES = 12
"""How many codes are offered beside the proposed one at the most."""


def look_up(
    number: int, proposal: Proposal, evidence: tuple[Evidence, ...], managed: tuple[Evidence, ...], book: CodeBook
) -> Candidate:
    """The candidate for a grounded proposal: its code in the table's form, and what might be reported in its place."""
    code = book.get(proposal.code)
    return Candidate(
        id=number,
        condition=proposal.condition,
        code=proposal.code if code is None else code.code,
        assertion=proposal.assertion,
        evidence=evidence,
        managed=managed,
        alternatives=alternatives(proposal.condition, proposal.code, book),
        note=proposal.note,
    )


def alternatives(condition: str, proposed: str, book: CodeBook) -> tuple[Alternative, ...]:
    """Codes near the proposed one, the closest first: children, siblings, its header; for an unknown code, search hits."""
    code = book.get(proposed)
    offered: dict[str, Alternative] = {}
    if code is None:
        for hit in book.search(condition, MOST_ALTERNATIVES):
            offered.setdefault(hit.code, Alternative(code=hit.code, title=hit.title, relation=Relation.SEARCH))
        return tuple(offered.values())
    for relation, near in (
        (Relation.CHILD, book.children(code.code)),
        (Relation.SIBLING, book.siblings(code.code)),
        (Relation.PARENT, book.parents(code.code)[:1]),
    ):
        for other in near:
            if other.code != code.code and other.kind not in ("chapter", "block"):
                offered.setdefault(other.code, Alternative(code=other.code, title=other.title, relation=relation))
    return tuple(offered.values())[:MOST_ALTERNATIVES]
