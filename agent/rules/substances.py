"""Substances and histories: one level of use for a substance, and a cancer that is current or past."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations

from agent.records import Family, Finding, Severity
from agent.rules.relation import naming
from agent.rules.reportability import integral_pairs
from agent.rules.rule import claim_rule
from agent.rules.sheet import Entry, Sheet
from agent.rules.sites import apart
from agent.tables import read_rows

_LEVELS = {"9": 1, "1": 2, "2": 3}
"""The 4th character of use, abuse and dependence, from the lowest level to the highest."""
_NAMES = {1: "use", 2: "abuse", 3: "dependence"}
_SUBSTANCES = tuple(f"F1{number}" for number in range(10) if number != 7)


@claim_rule(Family.SPECIFICITY, "I.C.5.b.2", example="outpatient: F10.10 F10.20")
def substance_levels(sheet: Sheet) -> Iterator[Finding]:
    """Of use, abuse and dependence of one substance only the highest is coded."""
    for one, other in combinations(sheet.starting(*_SUBSTANCES), 2):
        if one.code[:3] != other.code[:3]:
            continue
        levels = (_LEVELS.get(one.code[4:5]), _LEVELS.get(other.code[4:5]))
        if None not in levels and levels[0] != levels[1]:
            highest = max(level for level in levels if level is not None)
            yield Finding(
                rule="substance_levels",
                citation="I.C.5.b.2",
                severity=Severity.ERROR,
                codes=(one.code, other.code),
                message=f"{one.named} and {other.named} give one substance two levels; {_NAMES[highest]} is coded.",
            )


@claim_rule(Family.SPECIFICITY, "I.C.21.c.4", example="outpatient: F17.210 Z87.891")
def tobacco_now_and_past(sheet: Sheet) -> Iterator[Finding]:
    """A patient who uses tobacco or depends on nicotine now has no personal history of it."""
    now = next(iter(sheet.starting("F17.2", "Z72.0")), None)
    past = next(iter(sheet.starting("Z87.891")), None)
    if now is not None and past is not None:
        yield Finding(
            rule="tobacco_now_and_past",
            citation="I.C.21.c.4",
            severity=Severity.ERROR,
            codes=(now.code, past.code),
            message=f"{now.named} is of now and {past.named} of the past; the record says which.",
        )


@claim_rule(Family.SPECIFICITY, "I.C.2.m", example="outpatient: C50.911 Z85.3")
def cancer_now_and_past(sheet: Sheet) -> Iterator[Finding]:
    """A cancer is either current or a personal history, unless it is a second one of the same organ."""
    for past in sheet.starting("Z85"):
        for beginnings in (row for history, row in _organs() if past.code.startswith(history)):
            now = next(iter(sheet.starting(*beginnings)), None)
            if now is not None:
                yield Finding(
                    rule="cancer_now_and_past",
                    citation="I.C.2.m",
                    severity=Severity.WARNING,
                    codes=(now.code, past.code),
                    message=f"{now.named} is current and {past.named} past. Both stand only for two cancers; one that "
                    "is still treated has no history code.",
                )


@claim_rule(Family.REPORTABILITY, "I.B.5", example="outpatient: J18.9 R05.9")
def symptom_beside_diagnosis(sheet: Sheet) -> Iterator[Finding]:
    """A symptom that belongs to a diagnosis on the claim is not reported beside it."""
    for symptom in sheet.whole:
        for pair in integral_pairs() if symptom.code[0] in "GHJLMR" else ():
            causes = sheet.starting(*pair.diagnoses) if symptom.code.startswith(pair.symptoms) else ()
            cause = next((e for e in causes if not e.code.startswith(pair.symptoms) and _has(sheet, e, symptom)), None)
            if cause is not None:
                yield Finding(
                    rule="symptom_beside_diagnosis",
                    citation="I.B.5",
                    severity=Severity.WARNING,
                    codes=(symptom.code, cause.code),
                    message=f"{symptom.named} is routinely part of {cause.named}; it is not coded beside it.",
                )
                break


def _has(sheet: Sheet, cause: Entry, symptom: Entry) -> bool:
    """Whether a symptom is of the site of a diagnosis, and none that a note asks for beside it (N40.1)."""
    asked = naming(sheet.book, cause.code, symptom.code, "use_additional")
    return not apart(symptom, cause) and not any(asked)


@cache
def _organs() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Personal histories of cancer, and the cancers of the same organ, by the beginnings of their codes."""
    rows = read_rows("agent.rules", "cancer_history.tsv")
    return tuple((tuple(row["history"].split()), tuple(row["cancer"].split())) for row in rows)
