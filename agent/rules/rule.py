"""The rule: what it holds, where the guidelines say so, and the function that reports where it does not hold."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from agent.codebook import CodeBook
from agent.records import Draft, Family, Finding
from agent.rules.sheet import Sheet


class Kind(StrEnum):
    """How much a rule weighs: `never` is followed whatever a critic says, `report` leaves the word to the critic."""

    NEVER = "never"
    REPORT = "report"


ReadsDraft = Callable[[Draft, CodeBook], Iterator[Finding]]
ReadsClaim = Callable[[Sheet], Iterator[Finding]]
Check = TypeVar("Check", ReadsDraft, ReadsClaim)


class Rule(NamedTuple, Generic[Check]):
    """A rule of the guidelines.

    `says` is the rule in one sentence, `citation` where it stands, `example` a case in which it speaks, in the form of
    the cases in tests/guidelines. `check` reports; it edits nothing.
    """

    id: str
    family: Family
    citation: str
    says: str
    example: str
    kind: Kind
    check: Check


DraftRule = Rule[ReadsDraft]
ClaimRule = Rule[ReadsClaim]


def draft_rule(
    family: Family, citation: str, *, example: str, kind: Kind = Kind.REPORT
) -> Callable[[ReadsDraft], DraftRule]:
    """Make a rule of a function that looks at a draft; its name is the id, its docstring's first line what it says."""

    def made(check: ReadsDraft) -> DraftRule:
        return Rule(check.__name__, family, citation, _says(check), example, kind, check)

    return made


def claim_rule(
    family: Family, citation: str, *, example: str, kind: Kind = Kind.REPORT
) -> Callable[[ReadsClaim], ClaimRule]:
    """Make a rule of a function that looks at a claim; its name is the id, its docstring's first line what it says."""

    def made(check: ReadsClaim) -> ClaimRule:
        return Rule(check.__name__, family, citation, _says(check), example, kind, check)

    return made


def _says(check: Callable[..., object]) -> str:
    return (inspect.getdoc(check) or check.__name__).splitlines()[0]
