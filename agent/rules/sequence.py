"""Sequencing: which of two codes stands first, by which guideline; what `settle` puts in order and claims are checked by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from agent.records import Family, Finding, Severity
from agent.rules.codeset import read_codes
from agent.rules.pairs import never_first, only_first, pairs_before
from agent.rules.relation import is_manifestation, naming, partners
from agent.rules.reportability import integral_pairs
from agent.rules.rule import ClaimRule, Kind, ReadsClaim, Rule, claim_rule
from agent.rules.sheet import Entry, Sheet

_PREGNANCY = "O"
_EXTERNAL = ("V", "W", "X", "Y")
_SEPSIS = ("A40", "A41", "A02.1", "A22.7", "A26.7", "A32.7", "A42.7", "A54.86", "B37.7")
_LOCAL = (
    "J12",
    "J13",
    "J14",
    "J15",
    "J16",
    "J17",
    "J18",
    "J69.0",
    "J85",
    "J86",
    "N10",
    "N12",
    "N13.6",
    "N30.0",
    "N39.0",
)
_LOCAL += ("L02", "L03", "K35", "K57", "K65", "K81", "K83.0", "M00", "M86", "G00", "I33")
_POISONING, _ = read_codes("(T36-T50 with fifth or sixth character 1-4)")
_TOXIC = tuple(f"T{number}" for number in range(51, 66))
_BURNS = tuple(f"T{number}" for number in range(20, 26))
_DEGREES = {"1": 1, "2": 2, "3": 3, "5": 1, "6": 2, "7": 3}
"""The 4th character of a burn or corrosion, and the degree that it tells."""


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
        for first in sheet.whole if partners(sheet.book, then.code, "code_first") else ():
            if any(naming(sheet.book, then.code, first.code, "code_first")):
                yield Before(first, then, "I.A.13", f"{then.code} has a code first note that names it")


def _use_additional(sheet: Sheet) -> Iterator[Before]:
    """Where the additional code is no disease of its own: these can lead a claim for their own sake."""
    for then in sheet.starting("B95", "B96", "B97", "Z"):
        for first in sheet.whole:
            if any(naming(sheet.book, first.code, then.code, "use_additional")):
                yield Before(first, then, "I.A.13", f"{first.code} asks for {then.code} as an additional code")


def _pregnancy(sheet: Sheet) -> Iterator[Before]:
    for first in sheet.starting(_PREGNANCY):
        for then in sheet.whole:
            if not then.code.startswith((_PREGNANCY, "P")):
                yield Before(first, then, "I.C.15.a.1", "codes of chapter 15 go before those of other chapters")


def _external(sheet: Sheet) -> Iterator[Before]:
    for then in sheet.starting(*_EXTERNAL):
        for first in sheet.whole:
            if not first.code.startswith(_EXTERNAL):
                yield Before(first, then, "I.C.20.a.6", "an external cause follows what it caused")


def _sepsis(sheet: Sheet) -> Iterator[Before]:
    for first in sheet.starting(*_SEPSIS):
        for then in sheet.starting(*_LOCAL):
            if first.poa != "N":
                yield Before(first, then, "I.C.1.d.4", "sepsis at admission goes before the infection that it is from")


def _poisoning(sheet: Sheet) -> Iterator[Before]:
    poisons = [entry for entry in sheet.whole if _is_poisoning(entry)]
    for first in poisons:
        for then in sheet.whole:
            if not _is_poisoning(then) and not then.code.startswith((_PREGNANCY, "T74", "T76")):
                yield Before(first, then, "I.C.19.e.5.b", "a poisoning goes before what it led to")


def _toxic(sheet: Sheet) -> Iterator[Before]:
    for first in sheet.starting(*_TOXIC):
        for then in sheet.whole:
            if not then.code.startswith((*_TOXIC, _PREGNANCY)) and not _is_poisoning(then):
                yield Before(first, then, "I.C.19.e.5.d", "a toxic effect goes before what it led to")


def _burns(sheet: Sheet) -> Iterator[Before]:
    burns = [entry for entry in sheet.starting(*_BURNS) if entry.code[4:5] in _DEGREES]
    for first in burns:
        for then in burns:
            if _DEGREES[first.code[4]] > _DEGREES[then.code[4]]:
                yield Before(first, then, "I.C.19.d.1", "the burn of the highest degree goes first")


def _residual(sheet: Sheet) -> Iterator[Before]:
    for then in sheet.starting("S", "T"):
        if then.node is not None and then.node.seventh == "S":
            for first in sheet.whole:
                if not first.code.startswith(("S", "T", "Z", *_EXTERNAL)):
                    yield Before(first, then, "I.B.10", "the residual condition goes before the injury that left it")


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
        "I.C.1.d.4",
        "Sepsis at admission stands before the localized infection that it is from.",
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
        "An organism or a Z code that a note asks for stands after the code with the note.",
        "outpatient: Z79.4 E11.9",
        Severity.WARNING,
        _use_additional,
    ),
)
"""The sequencing rules, the strongest first: where two of them would go round in a circle, the later one gives way."""


def order_rules() -> tuple[ClaimRule, ...]:
    """The sequencing rules as rules of a claim: each pair out of order, once for the code that comes too early."""
    return tuple(
        Rule(order.id, Family.SEQUENCING, order.citation, order.says, order.example, Kind.REPORT, _check(order))
        for order in ORDERS
    )


def _check(order: Order) -> ReadsClaim:
    def check(sheet: Sheet) -> Iterator[Finding]:
        told: set[str] = set()
        for pair in order.pairs(sheet):
            if pair.then.place < pair.first.place and pair.then.code not in told:
                told.add(pair.then.code)
                yield Finding(
                    rule=order.id,
                    citation=pair.citation,
                    severity=order.severity,
                    codes=(pair.then.code, pair.first.code),
                    message=f"{pair.then.named} stands before {pair.first.named}; {pair.why}.",
                )

    return check


@claim_rule(Family.SEQUENCING, "II.A", example="inpatient: R07.9 I21.4")
def symptom_first(sheet: Sheet) -> Iterator[Finding]:
    """A symptom is not principal where a definitive diagnosis is on the claim, unless it is not part of it."""
    first = sheet.first
    if first is None or not first.code.startswith("R") or not sheet.inpatient:
        return
    diagnosis = next((e for e in sheet.whole if e.code[0] not in "RZVWXY"), None)
    if diagnosis is not None:
        yield Finding(
            rule="symptom_first",
            citation="II.A",
            severity=Severity.WARNING,
            codes=(first.code, diagnosis.code),
            message=f"{first.named} is sequenced first, and {diagnosis.named} is a definitive diagnosis; a symptom is "
            "principal only where no diagnosis explains it.",
        )


@claim_rule(Family.SEQUENCING, "IV.D", example="outpatient: R05.9 J18.9")
def symptom_first_listed(sheet: Sheet) -> Iterator[Finding]:
    """Outpatient, a symptom is first-listed only where no diagnosis has been confirmed for it."""
    first = sheet.first
    if first is None or not first.code.startswith("R") or not sheet.outpatient:
        return
    for pair in integral_pairs():
        if first.code.startswith(pair.symptoms):
            for other in sheet.starting(*pair.diagnoses):
                yield Finding(
                    rule="symptom_first_listed",
                    citation="IV.D",
                    severity=Severity.WARNING,
                    codes=(first.code, other.code),
                    message=f"{first.named} is first-listed, and {other.named}, which it belongs to, is confirmed.",
                )
                return


def in_order(sheet: Sheet) -> tuple[str, ...]:
    """The codes of a claim in the order that the sequencing rules ask for, as near as can be to the one they have.

    A code that can never be first is put there only where there is no other.
    """
    after: dict[str, set[str]] = {entry.code: set() for entry in sheet.whole}
    for pairs in (_by_table, *(order.pairs for order in ORDERS), _external):
        for pair in pairs(sheet):
            if pair.first.code != pair.then.code and not _leads(after, pair.then.code, pair.first.code):
                after[pair.then.code].add(pair.first.code)
    left = [entry.code for entry in sheet.whole]
    unfit = {e.code for e in sheet.whole if never_first(e.code, sheet) or is_manifestation(sheet.book, e.code)}
    done: list[str] = []
    while left:
        ready = [code for code in left if not after[code] - set(done)]
        fit = ready if done else [code for code in ready if code not in unfit] or ready
        done.append(fit[0])
        left.remove(fit[0])
    return tuple(done)


def _by_table(sheet: Sheet) -> Iterator[Before]:
    """What the table of pairs puts in order, and what it says can only be first."""
    for first, then, citation in pairs_before(sheet):
        yield Before(first, then, citation, "by the table of pairs")
    leading = [entry for entry in sheet.whole if only_first(entry.code)]
    for first in leading:
        for then in sheet.whole:
            if then not in leading:
                yield Before(first, then, "I.C.21.c.16", f"{first.code} can only be first")


def _leads(after: dict[str, set[str]], start: str, goal: str) -> bool:
    """Whether `start` has to stand before `goal` already, so that the reverse would go round in a circle."""
    seen: set[str] = set()
    open_codes = [goal]
    while open_codes:
        code = open_codes.pop()
        if code == start:
            return True
        if code not in seen:
            seen.add(code)
            open_codes.extend(after[code])
    return False


def _is_poisoning(entry: Entry) -> bool:
    return _POISONING is not None and entry.code.startswith("T") and _POISONING.holds(entry.code)
