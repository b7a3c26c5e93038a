"""Sides, sites and 7th characters of the codes of one claim against each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import combinations

from agent.records import Family, Finding, Severity
from agent.rules.passage import says
from agent.rules.rule import claim_rule
from agent.rules.sheet import Entry, Sheet
from agent.tables import read_rows

_SIDE = re.compile(r"\b(right|left|bilateral|unspecified)\b", re.I)
_WORD = re.compile(r"[a-z0-9]+")
_UNTOLD = frozenset(("right", "left", "bilateral", "unilateral", "unspecified", "of", "the", "in"))
"""Words that don't tell which condition a title names."""
_PAIRED = frozenset(("eye", "ear", "hand"))
"""Organs that the titles of bilateral codes leave out."""
_INJURY = ("S", "T")
_WITH_PHASE = (*_INJURY, "M80", "M84", "M97")
"""Injuries and fractures by disease, whose 7th characters tell the phase of care."""
_PHASES = {"A": "A", "B": "A", "C": "A", "S": "S"}
"""The 7th characters of active treatment and of a sequela; all others tell of a healing injury."""
_SUPERFICIAL = tuple(f"S{region}0" for region in range(10))
_BURNS = tuple(f"T{number}" for number in range(20, 26))
_BURNED, _CORRODED = "0123", "4567"
"""The 4th characters of burns and of corrosions, from the one without a degree to the highest."""
_SCALE = ("R40.21", "R40.22", "R40.23")


def sides_differ(one: Entry, other: Entry) -> bool:
    """Whether the titles of two codes name the right and the left."""
    return {_side(one), _side(other)} == {"right", "left"}


def apart(one: Entry, other: Entry) -> bool:
    """Whether the titles of two codes name different sides, or parts of the body that don't reach into each other."""
    regions = (_regions(one), _regions(other))
    return sides_differ(one, other) or (all(regions) and not regions[0] & regions[1])


@claim_rule(Family.SPECIFICITY, "I.B.13", example="outpatient: M17.11 M17.12")
def both_sides(sheet: Sheet) -> Iterator[Finding]:
    """The same condition on both sides is the bilateral code, where there is one."""
    for one, other in combinations(sheet.whole, 2):
        if sides_differ(one, other) and _same_condition(one, other):
            both = _bilateral(sheet, one)
            if both is not None:
                yield _pair(
                    "both_sides",
                    "I.B.13",
                    Severity.ERROR,
                    one,
                    other,
                    f"{one.named} and {other.code} are the two sides of one condition; {both} is the bilateral code.",
                )


@claim_rule(Family.SPECIFICITY, "I.B.13", example="outpatient: M17.10 M17.11")
def side_and_none(sheet: Sheet) -> Iterator[Finding]:
    """A code of an unspecified side is not reported beside one that names the side."""
    for one, other in combinations(sheet.whole, 2):
        sides = (_side(one), _side(other))
        if "unspecified" in sides and sides[0] != sides[1] and all(sides) and _same_condition(one, other):
            yield _pair(
                "side_and_none",
                "I.B.13",
                Severity.WARNING,
                one,
                other,
                f"{one.named} and {other.named} are of one condition, and one of them names no side.",
            )


@claim_rule(Family.SPECIFICITY, "I.C.19.a", example="outpatient: S52.501A S52.501D")
def two_phases(sheet: Sheet) -> Iterator[Finding]:
    """One injury has one 7th character in one encounter, but for a burn that heals beside the sequela of one."""
    for one, other in combinations(sheet.starting(*_WITH_PHASE), 2):
        if one.node is None or other.node is None or not one.node.seventh or one.node.base != other.node.base:
            continue
        # Burns don't heal all at the same rate (I.C.19.d.8).
        if one.code[:3] in _BURNS and "S" in (one.node.seventh, other.node.seventh):
            continue
        yield _pair(
            "two_phases",
            "I.C.19.a",
            Severity.ERROR,
            one,
            other,
            f"{one.code} and {other.code} give one injury two 7th characters.",
        )


@claim_rule(Family.SPECIFICITY, "I.C.20.a.2", example="outpatient: S52.501D W01.0XXA")
def cause_of_another_phase(sheet: Sheet) -> Iterator[Finding]:
    """The 7th character of an external cause is that of the injury that it explains."""
    injuries = {phase for entry in sheet.starting(*_WITH_PHASE) if (phase := _phase(entry))}
    for cause in sheet.starting("V", "W", "X", "Y"):
        phase = _phase(cause)
        if phase and injuries and phase not in injuries:
            yield Finding(
                rule="cause_of_another_phase",
                citation="I.C.20.a.2",
                severity=Severity.WARNING,
                codes=(cause.code,),
                message=f"{cause.named} has another 7th character than every injury on the claim.",
            )


@claim_rule(Family.SPECIFICITY, "I.C.20.b", example="outpatient: S52.501D Y92.010")
def place_after_first_visit(sheet: Sheet) -> Iterator[Finding]:
    """Place, activity and status are reported at the first encounter for an injury alone."""
    phases = {phase for entry in sheet.starting(*_INJURY) if (phase := _phase(entry))}
    if not phases or "A" in phases:
        return
    for entry in sheet.starting("Y92", "Y93", "Y99"):
        citation = {"Y92": "I.C.20.b", "Y93": "I.C.20.c", "Y99": "I.C.20.k"}[entry.code[:3]]
        yield Finding(
            rule="place_after_first_visit",
            citation=citation,
            severity=Severity.WARNING,
            codes=(entry.code,),
            message=f"{entry.named} is reported at the first encounter for the injury, and this one is a later one.",
        )


@claim_rule(Family.SPECIFICITY, "I.C.19.b.1", example="outpatient: S80.211A S82.101A")
def superficial_beside_deeper(sheet: Sheet) -> Iterator[Finding]:
    """A superficial injury is not coded beside a more severe one of the same site."""
    for small in sheet.starting(*_SUPERFICIAL):
        for large in sheet.starting("S"):
            # A code that names no kind of injury tells of none that is more severe.
            deeper = not large.code.startswith(_SUPERFICIAL) and not _title(large).startswith("unspecified injury")
            if large.code[:2] == small.code[:2] and deeper and not apart(small, large):
                yield _pair(
                    "superficial_beside_deeper",
                    "I.C.19.b.1",
                    Severity.INFO,
                    small,
                    large,
                    f"{small.named} is not coded if it is of the same site as {large.named}.",
                )
                break


@claim_rule(Family.SPECIFICITY, "I.C.19.d.2", example="inpatient: T23.251A T23.351A")
def burns_of_one_site(sheet: Sheet) -> Iterator[Finding]:
    """Burns of one site and side are coded to the highest degree alone."""
    for one, other in combinations(sheet.starting(*_BURNS), 2):
        site = one.code[:3] == other.code[:3] and one.code[5:] == other.code[5:] and one.code[4] != other.code[4]
        if site and any({one.code[4], other.code[4]} <= set(kind) for kind in (_BURNED, _CORRODED)):
            yield _pair(
                "burns_of_one_site",
                "I.C.19.d.2",
                Severity.ERROR,
                one,
                other,
                f"{one.named} and {other.named} are burns of one site; the higher degree is coded.",
            )


@claim_rule(Family.SPECIFICITY, "I.C.18.e.1", example="inpatient: R40.2110 R40.2210")
def coma_scale_in_part(sheet: Sheet) -> Iterator[Finding]:
    """The three parts of the coma scale are reported together, with one 7th character for the time of the score."""
    scored: dict[str, list[Entry]] = {}
    for entry in sheet.starting(*_SCALE):
        scored.setdefault(entry.code[-1], []).append(entry)
    for there in scored.values():
        missing = [part for part in _SCALE if not any(entry.code.startswith(part) for entry in there)]
        if missing:
            yield Finding(
                rule="coma_scale_in_part",
                citation="I.C.18.e.1",
                severity=Severity.WARNING,
                codes=tuple(entry.code for entry in there),
                message=f"The coma scale of one time is on the claim without its part {', '.join(missing)}-; its three "
                "parts are reported together with the same 7th character, or the total (R40.24-).",
            )


def _title(entry: Entry) -> str:
    return entry.node.title.lower() if entry.node else ""


def _side(entry: Entry) -> str:
    return _side_of(entry.node.title) if entry.node else ""


@lru_cache(maxsize=16384)
def _side_of(title: str) -> str:
    """The side that a title names: right, left, bilateral or unspecified; empty where it names none."""
    sides: set[str] = {side.lower() for side in _SIDE.findall(title)}
    named = sides & {"right", "left", "bilateral"}
    if len(named) == 1:
        return named.pop()
    return "unspecified" if not named and "unspecified" in sides else ""


def _same_condition(one: Entry, other: Entry) -> bool:
    """Whether two codes name the same but for its side."""
    conditions = {_condition(_title(entry)) - _PAIRED for entry in (one, other)}
    return one.code[:3] == other.code[:3] and len(conditions) == 1


@lru_cache(maxsize=16384)
def _condition(title: str) -> frozenset[str]:
    """The words of a title that tell the condition, in the singular."""
    return frozenset(re.sub(r"(ies|y|s)$", "", word) for word in _WORD.findall(title)) - _UNTOLD


def _bilateral(sheet: Sheet, entry: Entry) -> str | None:
    """The code of the same condition on both sides; it may stand under another header (M17.0, M17.1-)."""
    condition = _condition(_title(entry)) - _PAIRED
    below = [entry.code[:3]]
    while below:
        for node in sheet.book.children(below.pop()):
            if not node.billable:
                below.append(node.code)
            elif _side_of(node.title) == "bilateral" and _condition(node.title.lower()) - _PAIRED == condition:
                return node.code
    return None


def _regions(entry: Entry) -> frozenset[str]:
    """The parts of the body that a code is about; of a nerve root none, since it is felt where the nerve goes."""
    title = _title(entry)
    if title.startswith("radiculopathy") or "with radiculopathy" in title or "sciatica" in title:
        return frozenset()
    return _regions_of(entry.code[:2].lower() if entry.code.startswith("S") else "", title)


@lru_cache(maxsize=16384)
def _regions_of(block: str, title: str) -> frozenset[str]:
    named = (regions for words, regions in _parts() if words == block or says(title, (words,)))
    return frozenset(region for regions in named for region in regions)


@cache
def _parts() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((row["words"], tuple(row["region"].split())) for row in read_rows("agent.rules", "regions.tsv"))


def _phase(entry: Entry) -> str:
    """Whether a 7th character tells of active treatment (A), healing (D) or a sequela (S); empty without one."""
    seventh = entry.node.seventh if entry.node else ""
    return _PHASES.get(seventh, "D") if seventh else ""


def _pair(rule: str, citation: str, severity: Severity, one: Entry, other: Entry, message: str) -> Finding:
    return Finding(rule=rule, citation=citation, severity=severity, codes=(one.code, other.code), message=message)
