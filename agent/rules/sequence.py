"""Sequencing: the rules of which code stands first, and a claim put into the order that they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.records import Family, Finding, Severity
from agent.rules.orders import ORDERS, Order, by_table, explained_first, explaining, external, is_unfit
from agent.rules.rule import ClaimRule, Kind, ReadsClaim, Rule, claim_rule
from agent.rules.sheet import Sheet


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
    """A symptom is not principal where a diagnosis that explains it has been established."""
    diagnosis = explaining(sheet, sheet.first) if sheet.inpatient and sheet.first is not None else None
    if sheet.first is not None and diagnosis is not None:
        yield Finding(
            rule="symptom_first",
            citation="II.A",
            severity=Severity.WARNING,
            codes=(sheet.first.code, diagnosis.code),
            message=f"{sheet.first.named} is sequenced first, and {diagnosis.named}, which explains it as a rule, is a "
            "definitive diagnosis; a symptom is principal only where no related diagnosis is established.",
        )


@claim_rule(Family.SEQUENCING, "IV.D", example="outpatient: R05.9 J18.9")
def symptom_first_listed(sheet: Sheet) -> Iterator[Finding]:
    """Outpatient, a symptom is first-listed only where no diagnosis has been confirmed for it."""
    diagnosis = explaining(sheet, sheet.first) if sheet.outpatient and sheet.first is not None else None
    if sheet.first is not None and diagnosis is not None:
        yield Finding(
            rule="symptom_first_listed",
            citation="IV.D",
            severity=Severity.WARNING,
            codes=(sheet.first.code, diagnosis.code),
            message=f"{sheet.first.named} is first-listed, and {diagnosis.named}, which explains it as a rule, is "
            "confirmed.",
        )


def in_order(sheet: Sheet) -> tuple[str, ...]:
    """The codes of a claim in the order that the sequencing rules ask for, as near as can be to the one they have.

    What has to stand before a code is moved up to it, so that a claim goes on beginning with what it began with. A code
    that can never be first is put there only where there is no other.
    """
    order = [entry.code for entry in sheet.whole]
    after: dict[str, set[str]] = {code: set() for code in order}
    for orders in (by_table, *(order.pairs for order in ORDERS), explained_first, external):
        # By code, so that of pairs which go round in a circle the same one gives way in whatever order the codes come.
        for first, then in sorted((pair.first.code, pair.then.code) for pair in orders(sheet)):
            if first != then and not _leads(after, then, first):
                after[then].add(first)
    unfit = {entry.code for entry in sheet.whole if is_unfit(sheet, entry)}
    # A status that follows its disease says nothing of why the patient came; anything else does.
    starts = (code for code in order if not (code.startswith("Z") and after[code]))
    start = next((code for code in starts if _line_up([code], order, after)[0] not in unfit), None)
    return _line_up(order if start is None else [start, *order], order, after)


def _line_up(codes: Sequence[str], order: Sequence[str], after: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Some codes, each once, with all that has to stand before them; what is free is in the given order."""
    done: dict[str, None] = {}
    waiting = list(reversed(codes))
    while waiting:
        code = waiting[-1]
        before = next((one for one in order if one in after[code] and one not in done), None)
        if before is not None:
            waiting.append(before)
        else:
            done[code] = None
            waiting.pop()
    return tuple(done)


def _leads(after: Mapping[str, set[str]], start: str, goal: str) -> bool:
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
