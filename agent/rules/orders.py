"""Orders: which of two codes of a claim stands first, by which guideline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from agent.claim import Poa
from agent.records import Severity
from agent.rules.codeset import read_codes
from agent.rules.pairs import never_first, only_first, pairs_before
from agent.rules.relation import is_manifestation, naming, partners
from agent.rules.reportability import Integral, integral_pairs
from agent.rules.sheet import Entry, Sheet
from agent.rules.sites import apart
from agent.tables import read_rows

_PREGNANCY = "O"
_EXTERNAL = ("V", "W", "X", "Y")
_POISONING, _ = read_codes("(T36-T50 with fifth or sixth character 1-4)")
_TOXIC = tuple(f"T{number}" for number in range(51, 66))
_DRUGS = tuple(f"T{number}" for number in range(36, 51))
_INJURY = ("S", "T")
_MALTREATMENT = ("T74", "T76")
_BURNS = tuple(f"T{number}" for number in range(20, 26))
_DEGREES = {"1": 1, "2": 2, "3": 3, "5": 1, "6": 2, "7": 3}
"""The 4th character of a burn or corrosion, and the degree that it tells."""
_LEFT_BEHIND = "FGHJKLMNR"
"""The letters of chapters in which most of what an injury leaves behind is coded: scars, stiff joints, nerves."""


class Before(NamedTuple):
    """Of two codes on a claim, which stands first and why."""

    first: Entry
    then: Entry
    citation: str
    why: str


Orders = Callable[[Sheet], Iterator[Before]]


class Order(NamedTuple):
    """A sequencing rule: the pairs that it puts in order, and how a claim out of order is told."""

    id: str
    citation: str
    says: str
    example: str
    severity: Severity
    pairs: Orders


def _code_first(sheet: Sheet) -> Iterator[Before]:
    for then in sheet.whole:
        # What the drugs' block asks for first is the nature of an adverse effect; a poisoning goes before its effects.
        if not partners(sheet.book, then.code, "code_first") or _is_poisoning(then):
            continue
        for first in sheet.whole:
            if any(naming(sheet.book, then.code, first.code, "code_first")):
                yield Before(first, then, "I.A.13", f"{then.code} has a code first note that names it")


def _use_additional(sheet: Sheet) -> Iterator[Before]:
    """Where the additional code is no disease of its own: these can lead a claim for their own sake.

    Behind one of the codes that ask for it, it may stand before others.
    """
    for then in sheet.starting("B95", "B96", "B97", "Z", *_DRUGS):
        asking = (one for one in sheet.whole if any(naming(sheet.book, one.code, then.code, "use_additional")))
        first = next(asking, None)
        if first is not None and not any(naming(sheet.book, then.code, first.code, "code_first")):
            yield Before(first, then, "I.A.13", f"{first.code} asks for {then.code} as an additional code")


def _pregnancy(sheet: Sheet) -> Iterator[Before]:
    for first in sheet.starting(_PREGNANCY):
        for then in sheet.whole:
            if not then.code.startswith((_PREGNANCY, "P")) and not only_first(then.code):
                yield Before(first, then, "I.C.15.a.1", "codes of chapter 15 go before those of other chapters")


def external(sheet: Sheet) -> Iterator[Before]:
    """External causes behind all else; no rule of claims says so, since only the first place is forbidden to them."""
    for then in sheet.starting(*_EXTERNAL):
        for first in sheet.whole:
            if not first.code.startswith(_EXTERNAL):
                yield Before(first, then, "I.C.20.a.6", "an external cause follows what it caused")


def _sepsis(sheet: Sheet) -> Iterator[Before]:
    for sepsis in sheet.starting(*_infections("sepsis")):
        for local in sheet.starting(*_infections("local")):
            if sepsis.poa != Poa.NO:
                yield Before(
                    sepsis, local, "I.C.1.d.4", "sepsis at admission goes before the infection that it is from"
                )
            elif local.poa != Poa.NO:
                yield Before(local, sepsis, "I.C.1.d.4", "sepsis that came after admission follows that infection")
    for sepsis in sheet.starting(*_infections("sepsis"), *_infections("chapter")):
        for severe in sheet.starting("R65.2"):
            yield Before(sepsis, severe, "I.C.1.d.1.b", "the infection goes before the severity of its sepsis")


def _poisoning(sheet: Sheet) -> Iterator[Before]:
    for first in sheet.starting(*_DRUGS):
        for then in _led_to(sheet) if _is_poisoning(first) and not _is_sequela(first) else ():
            yield Before(first, then, "I.C.19.e.5.b", "a poisoning goes before what it led to")


def _toxic(sheet: Sheet) -> Iterator[Before]:
    for first in sheet.starting(*_TOXIC):
        for then in _led_to(sheet) if not _is_sequela(first) else ():
            yield Before(first, then, "I.C.19.e.5.d", "a toxic effect goes before what it led to")


def _led_to(sheet: Sheet) -> Iterator[Entry]:
    """What may have come of a poisoning: no injury beside it, nothing of chapter 15, and no reason for an encounter."""
    apart = (*_INJURY, *_EXTERNAL, _PREGNANCY)
    return (entry for entry in sheet.whole if not entry.code.startswith(apart) and not only_first(entry.code))


def _burns(sheet: Sheet) -> Iterator[Before]:
    burns = [entry for entry in sheet.starting(*_BURNS) if entry.code[4:5] in _DEGREES and not _is_sequela(entry)]
    for first in burns:
        for then in burns:
            if _DEGREES[first.code[4]] > _DEGREES[then.code[4]]:
                yield Before(first, then, "I.C.19.d.1", "the burn of the highest degree goes first")


def _residual(sheet: Sheet) -> Iterator[Before]:
    """Which condition an injury left, codes do not tell: one is enough that stands before it."""
    apart = (*_INJURY, *_EXTERNAL, "Z", "B95", "B96", "B97")
    conditions = [entry for entry in sheet.whole if not entry.code.startswith(apart) and not is_unfit(sheet, entry)]
    for then in sheet.starting(*_INJURY):
        if not _is_sequela(then) or then.code.startswith(_MALTREATMENT):
            continue
        # A manifestation follows the injury's code (I.B.10 has the exception): F02.8- after S06.-.
        residuals = [e for e in conditions if not any(naming(sheet.book, e.code, then.code, "code_first"))]
        likely = [entry for entry in residuals if entry.code[0] in _LEFT_BEHIND]
        for first in (likely or residuals)[:1]:
            yield Before(first, then, "I.B.10", "the residual condition goes before the injury that left it")


def explained_first(sheet: Sheet) -> Iterator[Before]:
    """The diagnosis that explains a symptom at the head of a claim."""
    symptom = next((entry for entry in sheet.whole if not never_first(entry.code, sheet)), None)
    diagnosis = explaining(sheet, symptom) if symptom is not None else None
    if symptom is not None and diagnosis is not None:
        yield Before(diagnosis, symptom, "II.A", f"{diagnosis.code} explains it as a rule")


def by_table(sheet: Sheet) -> Iterator[Before]:
    """What the table of pairs puts in order, and what it says can only be first."""
    for first, then, citation in pairs_before(sheet):
        yield Before(first, then, citation, "by the table of pairs")
    leading = [entry for entry in sheet.whole if only_first(entry.code)]
    for first in leading:
        for then in sheet.whole:
            if then not in leading:
                yield Before(first, then, "I.C.21.c.16", f"{first.code} can only be first")


def explaining(sheet: Sheet, symptom: Entry) -> Entry | None:
    """The diagnosis of a claim that explains a symptom of chapter 18 as a rule."""
    if not symptom.code.startswith("R"):
        return None
    for pair in (*integral_pairs(), *_explained()):
        if symptom.code.startswith(pair.symptoms):
            for other in sheet.starting(*pair.diagnoses):
                if not other.code.startswith(pair.symptoms) and not apart(symptom, other):
                    return other
    return None


@cache
def _explained() -> tuple[Integral, ...]:
    rows = read_rows("agent.rules", "explained.tsv")
    return tuple(Integral(tuple(row["diagnoses"].split()), tuple(row["symptoms"].split())) for row in rows)


def is_unfit(sheet: Sheet, entry: Entry) -> bool:
    """Whether a code can never be first: by the table of pairs, or as a manifestation."""
    return never_first(entry.code, sheet) or is_manifestation(sheet.book, entry.code)


def _is_sequela(entry: Entry) -> bool:
    return entry.node is not None and entry.node.seventh == "S"


def _is_poisoning(entry: Entry) -> bool:
    return _POISONING is not None and _POISONING.holds(entry.code)


@cache
def _infections(kind: str) -> tuple[str, ...]:
    rows = read_rows("agent.rules", "infections.tsv")
    return tuple(code for row in rows if row["kind"] == kind for code in row["codes"].split())


ORDERS: tuple[Order, ...] = (
    Order(
        "code_first_order",
        "I.A.13",
        "A code with a code first note stands after the code that the note names.",
        "inpatient: N18.4 I12.9",
        Severity.ERROR,
        _code_first,
    ),
    Order(
        "pregnancy_first",
        "I.C.15.a.1",
        "Codes of chapter 15 stand before those of other chapters.",
        "inpatient: D62 O72.1",
        Severity.ERROR,
        _pregnancy,
    ),
    Order(
        "poisoning_first",
        "I.C.19.e.5.b",
        "A poisoning stands before what it led to.",
        "inpatient: R40.20 T40.2X1A",
        Severity.ERROR,
        _poisoning,
    ),
    Order(
        "toxic_effect_first",
        "I.C.19.e.5.d",
        "A toxic effect stands before what it led to.",
        "inpatient: J96.01 T58.01XA",
        Severity.ERROR,
        _toxic,
    ),
    Order(
        "sepsis_order",
        "I.C.1.d.4, I.C.1.d.1.b",
        "Sepsis at admission stands before the localized infection that it is from, and its severity after it.",
        "inpatient: J18.9 A41.9",
        Severity.WARNING,
        _sepsis,
    ),
    Order(
        "burn_order",
        "I.C.19.d.1",
        "Of several burns the one of the highest degree stands first.",
        "inpatient: T23.251A T21.31XA",
        Severity.WARNING,
        _burns,
    ),
    Order(
        "residual_first",
        "I.B.10",
        "The residual condition stands before the injury that left it.",
        "outpatient: S52.501S M19.131",
        Severity.WARNING,
        _residual,
    ),
    Order(
        "additional_code_order",
        "I.A.13",
        "An organism, an adverse effect or a Z code that a note asks for stands after the code with the note.",
        "outpatient: Z79.4 E11.9",
        Severity.WARNING,
        _use_additional,
    ),
)
"""The sequencing rules, the strongest first: where two of them would go round in a circle, the later one gives way."""
