"""Score: one coding against the codes that people gave the encounter."""

from __future__ import annotations

from typing import NamedTuple

from agent.codebook import CodeBook
from agent.records import Coding, Encounter


class Score(NamedTuple):
    """What one encounter adds to the figures; `failed` says why there is no coding, and all its gold is then missed."""

    encounter: str
    hit: frozenset[str]
    extra: frozenset[str]
    missed: frozenset[str]
    unproposed: frozenset[str]
    misplaced: int
    invalid: int
    failed: str = ""


def score(encounter: Encounter, coding: Coding, gold: frozenset[str], book: CodeBook) -> Score:
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
    )


def score_failed(encounter: Encounter, why: str, gold: frozenset[str]) -> Score:
    """The score of an encounter whose coding failed: everything is missed."""
    return Score(encounter.id, frozenset(), frozenset(), gold, gold, 0, 0, why)
