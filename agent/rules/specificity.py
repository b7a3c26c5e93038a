"""When one code of an encounter says what another says already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from agent.codebook import Code, CodeBook
from agent.records import Draft, Family, Finding, Reason, Scope
from agent.rules.objection import against, quoted
from agent.rules.rule import draft_rule
from agent.tables import read_rows

_UNSAID = re.compile(r"\bunspecified\b|\bwithout complications\b|\bnot elsewhere classified\b", re.I)
_SIDES = ("right", "left", "bilateral")


@draft_rule(
    Family.SPECIFICITY,
    "I.B.2",
    example="outpatient | Assessment: 1. Asthma 2. Mild persistent asthma",
)
def less_specific(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """An unspecified code gives way to a more specific one of the same condition that the documents support."""
    if draft.scope is Scope.MENTIONS:
        return
    reportable = {c.code: code for c in draft.candidates if (code := book.get(c.code)) is not None and code.billable}
    for candidate in draft.candidates:
        code = reportable.get(candidate.code)
        better = next((other for other in reportable.values() if code and _says_more(other, code)), None)
        if code is not None and better is not None:
            yield against(
                candidate,
                "less_specific",
                "I.B.2",
                Reason.LESS_SPECIFIC,
                f"{code.code} ({code.title}) says less than {better.code} ({better.title}), which the documents "
                "support.",
                instead=better.code,
            )


def _says_more(other: Code, code: Code) -> bool:
    """Whether `other` leaves less unsaid than `code`, of the same condition and site and not of another side."""
    if len(_UNSAID.findall(other.title)) >= len(_UNSAID.findall(code.title)):
        return False
    sides = {side for side in _SIDES if side in code.title.lower()}
    if sides and not any(side in other.title.lower() for side in sides):
        return False
    return other.code.replace(".", "").startswith(_stem(code))


def _stem(code: Code) -> str:
    """The part of a code that names condition and site: without 7th character, side and the 9 or 0 of "unspecified"."""
    body = code.base.replace(".", "").rstrip("X")
    return (body[:5] if len(body) == 6 else body).rstrip("09")


@draft_rule(
    Family.SPECIFICITY,
    "I.B.2",
    example="outpatient | Assessment: 1. Anemia 2. Iron deficiency anemia",
)
def vague(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A code that names no site or kind gives way to one that says more of the same thing, in both scopes."""
    for candidate in draft.candidates:
        for row in vague_codes():
            if not candidate.code.startswith(row.vague):
                continue
            closer = [
                c for c in draft.candidates if c.code.startswith(row.specific) and not c.code.startswith(row.vague)
            ]
            if closer:
                yield against(
                    candidate,
                    "vague",
                    "I.B.2",
                    Reason.LESS_SPECIFIC,
                    f"{quoted(candidate)} says no more than {candidate.code}; the documents name the condition more "
                    f"closely as {closer[0].code} ({quoted(closer[0])}).",
                    instead=closer[0].code,
                )
                break


class Vague(NamedTuple):
    """Codes that name no site or kind, and those that say more of the same thing, by the beginnings of their codes."""

    vague: tuple[str, ...]
    specific: tuple[str, ...]


@cache
def vague_codes() -> tuple[Vague, ...]:
    """The codes that give way to closer ones, from `agent/rules/vague.tsv`."""
    rows = read_rows("agent.rules", "vague.tsv")
    return tuple(Vague(tuple(row["vague"].split()), tuple(row["specific"].split())) for row in rows)
