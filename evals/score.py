"""Score: one coding against the codes that people gave the encounter."""

from __future__ import annotations

from typing import NamedTuple

from agent.codebook import CodeBook
from agent.records import Assertion, Coding, Draft, Encounter, Relation


class Steps(NamedTuple):
    """What each step before the critique had: of the gold, and of the affirmed first proposals."""

    proposed: frozenset[str] = frozenset()
    offered: frozenset[str] = frozenset()
    affirmed_hit: frozenset[str] = frozenset()
    affirmed_extra: frozenset[str] = frozenset()
    candidates: int = 0


class Score(NamedTuple):
    """What one encounter adds to the figures; `failed` says why there is no coding, and all its gold is then missed.

    `lost` counts candidates that are neither reported nor left out with a reason.
    """

    encounter: str
    hit: frozenset[str]
    extra: frozenset[str]
    missed: frozenset[str]
    unproposed: frozenset[str]
    misplaced: int
    invalid: int
    failed: str = ""
    steps: Steps = Steps()
    lost: int = 0


def steps(draft: Draft, gold: frozenset[str], book: CodeBook) -> Steps:
    """What the steps up to a draft had found of the gold."""
    first = {candidate.code for candidate in draft.candidates}
    weighed = {
        a.code for candidate in draft.candidates for a in candidate.alternatives if a.relation is Relation.PROPOSED
    }
    near = {alternative.code for candidate in draft.candidates for alternative in candidate.alternatives}
    affirmed = frozenset(
        c.code for c in draft.candidates if c.assertion is Assertion.AFFIRMED and book.is_billable(c.code)
    )
    return Steps(
        proposed=gold & (first | weighed),
        offered=gold & (first | near),
        affirmed_hit=affirmed & gold,
        affirmed_extra=affirmed - gold,
        candidates=len(draft.candidates),
    )


def score(encounter: Encounter, coding: Coding, gold: frozenset[str], book: CodeBook, taken: Steps) -> Score:
    """The score of a coding: exact codes, and the contracts that must hold whatever the codes."""
    found = frozenset(code.code for code in coding.codes)
    considered = found | frozenset(code.code for code in coding.excluded)
    misplaced = sum(
        encounter.document(e.document).text[e.start : e.end] != e.text for code in coding.codes for e in code.evidence
    )
    invalid = sum(not book.is_billable(code) for code in found)
    return Score(
        encounter=encounter.id,
        hit=found & gold,
        extra=found - gold,
        missed=gold - found,
        unproposed=gold - considered,
        misplaced=misplaced,
        invalid=invalid,
        steps=taken,
    )


def score_failed(encounter: Encounter, why: str, gold: frozenset[str]) -> Score:
    """The score of an encounter whose coding failed: everything is missed."""
    return Score(encounter.id, frozenset(), frozenset(), gold, gold, 0, 0, why)
