"""The form of a claim: codes that exist and are whole, dates that agree, and what is not given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import NamedTuple

from agent.codebook import Code
from agent.records import Family, Finding, Severity
from agent.rules.rule import claim_rule
from agent.rules.sheet import Entry, Sheet
from agent.rules.sites import sides_differ
from agent.tables import read_rows

_NEXT = "find codes by words: chartproof codes search TEXT"
_UNSPECIFIED = ("unspecified", "site not specified", "level not specified", "not specified as acute or chronic")
"""Words of a title that leave something unsaid; a hernia that is "not specified as recurrent" is a first one."""
_SAY_NOTHING = frozenset(
    ("other", "specified", "unspecified", "of", "the", "and", "or", "in", "with", "due", "to", "by")
)


@claim_rule(Family.SPECIFICITY, "form of the claim", example="no setting: I10")
def claim_form(sheet: Sheet) -> Iterator[Finding]:
    """What of a claim can't be used as it is given is said, and the rest is checked."""
    for flaw in sheet.claim.flaws:
        message = f"{flaw.field}: {flaw.message}."
        yield _claim("claim_form", "form of the claim", Severity.ERROR, message)


@claim_rule(Family.SPECIFICITY, "form of the claim", example="outpatient: (no codes)")
def empty_claim(sheet: Sheet) -> Iterator[Finding]:
    """A claim reports at least one diagnosis."""
    if not sheet.claim.codes:
        message = "The claim has no code; give its codes in claim order."
        yield _claim("empty_claim", "form of the claim", Severity.ERROR, message)


@claim_rule(Family.SPECIFICITY, "I.B.1", example="outpatient: E11.99")
def unknown_code(sheet: Sheet) -> Iterator[Finding]:
    """A code is one of the edition, as the tabular list has it."""
    for entry in sheet.entries:
        if entry.node is None and _retired(entry.code) is None:
            near = _nearest(sheet, entry.code)
            hint = f"the nearest is {near.code} ({near.title})" if near else _NEXT
            edition = f"{sheet.book.edition.system}, edition {sheet.book.edition.edition}"
            yield _about(
                "unknown_code", "I.B.1", Severity.ERROR, entry, f"{entry.given!r} is no code of {edition}; {hint}."
            )


@claim_rule(Family.SPECIFICITY, "45 CFR 162.1002", example="outpatient: M54.5")
def retired_code(sheet: Sheet) -> Iterator[Finding]:
    """A code that was billable in an earlier edition is not reported after its last day."""
    for entry in sheet.entries:
        gone = _retired(entry.code)
        day = sheet.claim.date_of_service
        if gone is None or entry.billable or (day is not None and day <= gone.until):
            continue
        yield _about(
            "retired_code",
            "45 CFR 162.1002",
            Severity.ERROR,
            entry,
            f"{entry.code} was billable until {gone.until} and is no longer; look at {', '.join(gone.now)}.",
        )


@claim_rule(Family.SPECIFICITY, "I.B.2", example="outpatient: E11.2")
def header(sheet: Sheet) -> Iterator[Finding]:
    """A code is reported at its highest number of characters."""
    for entry in sheet.entries:
        if entry.node is None or entry.billable or _retired(entry.code) or _lacks_seventh(sheet, entry.node):
            continue
        below = ", ".join(child.code for child in sheet.book.children(entry.node.code)[:4])
        yield _about(
            "header",
            "I.B.2",
            Severity.ERROR,
            entry,
            f"{entry.named} is a header; report one of the codes below it: {below} ...",
        )


@claim_rule(Family.SPECIFICITY, "I.A.5", example="outpatient: S52.501")
def seventh_character_missing(sheet: Sheet) -> Iterator[Finding]:
    """A code that takes a 7th character is invalid without it."""
    for entry in sheet.entries:
        if entry.node is None or entry.billable or not _lacks_seventh(sheet, entry.node):
            continue
        letters = ", ".join(
            f"{one.character} {one.meaning}" for one in sheet.book.seventh_characters(entry.node.code)[:4]
        )
        yield _about(
            "seventh_character_missing",
            "I.A.5",
            Severity.ERROR,
            entry,
            f"{entry.named} takes a 7th character ({letters} ...), with X in the places before it that are empty.",
        )


@claim_rule(Family.SPECIFICITY, "I.B.12", example="outpatient: I10 E11.9 I10")
def duplicate(sheet: Sheet) -> Iterator[Finding]:
    """Each code is reported once for an encounter."""
    seen: dict[str, Entry] = {}
    for entry in sheet.entries:
        if entry.code in seen:
            yield _about(
                "duplicate",
                "I.B.12",
                Severity.ERROR,
                entry,
                f"{entry.code} stands in places {seen[entry.code].place} and {entry.place}; it is reported once.",
            )
        seen.setdefault(entry.code, entry)


@claim_rule(Family.SPECIFICITY, "form of the claim", example="outpatient: e119")
def written_form(sheet: Sheet) -> Iterator[Finding]:
    """A code that is given without its dot or in small letters is read all the same, and said."""
    for entry in sheet.entries:
        if entry.node is not None and entry.given != entry.code:
            yield _about(
                "written_form",
                "form of the claim",
                Severity.INFO,
                entry,
                f"{entry.given!r} was read as {entry.code} ({entry.node.title}).",
            )


@claim_rule(Family.SPECIFICITY, "45 CFR 162.1002", example="outpatient 2027-02-01: I10")
def outside_edition(sheet: Sheet) -> Iterator[Finding]:
    """The edition holds on the date of service; a date outside it, or none, is said."""
    day = sheet.claim.date_of_service
    first, last = sheet.book.edition.effective
    edition = f"edition {sheet.book.edition.edition} ({first} to {last})"
    if day is None:
        message = f"No date of service is given, so it is not known whether {edition} holds; give the date."
    elif not sheet.book.valid_on(day):
        message = f"The date of service {day} is outside {edition}; use the edition of the date."
    else:
        return
    yield _claim("outside_edition", "45 CFR 162.1002", Severity.WARNING, message)


@claim_rule(Family.SPECIFICITY, "form of the claim", example="inpatient 2026-05-10, admitted 2026-05-12: J18.9")
def dates_disagree(sheet: Sheet) -> Iterator[Finding]:
    """A patient is not discharged before the day of admission."""
    day, admitted = sheet.claim.date_of_service, sheet.claim.admitted
    if day is not None and admitted is not None and admitted > day:
        yield _claim(
            "dates_disagree",
            "form of the claim",
            Severity.ERROR,
            f"The admission ({admitted}) is after the date of service ({day}); correct one of them.",
        )


@claim_rule(Family.SPECIFICITY, "I.B.18", example="outpatient: J45.909")
def unspecified(sheet: Sheet) -> Iterator[Finding]:
    """A code that says "unspecified" is right only where the record says no more."""
    for entry in sheet.whole:
        if entry.node is not None and any(word in entry.node.title.lower() for word in _UNSPECIFIED):
            yield _about(
                "unspecified",
                "I.B.18",
                Severity.INFO,
                entry,
                f"{entry.named} leaves something unsaid; it is right only where the record says no more.",
            )


@claim_rule(Family.SPECIFICITY, "I.A.9", example="outpatient: K52.89 K52.9")
def other_and_unspecified(sheet: Sheet) -> Iterator[Finding]:
    """A code for "other" names what the record does; the unspecified one of the same header is not added to it."""
    for entry in sheet.whole:
        for beside in sheet.whole:
            if entry.code[:3] == beside.code[:3] and _other_and_rest(sheet, entry, beside):
                yield Finding(
                    rule="other_and_unspecified",
                    citation="I.A.9",
                    severity=Severity.WARNING,
                    codes=(entry.code, beside.code),
                    message=f"{entry.named} says that the record names the condition, and {beside.named} that it does "
                    "not; one of them is reported.",
                )


def _other_and_rest(sheet: Sheet, entry: Entry, beside: Entry) -> bool:
    """Whether two codes part at one header into its "other" and its "unspecified", of the same side."""
    if sides_differ(entry, beside):
        return False
    one, other = _line(sheet, entry), _line(sheet, beside)
    parts = next(((a, b) for a in one for b in other if a.parent == b.parent and a.code != b.code), None)
    if parts is None:
        return False
    named, rest = parts[0].title.lower(), parts[1].title.lower()
    if not named.startswith("other") or "unspecified" not in rest or rest.startswith("other"):
        return False
    # R41.82, altered mental status, unspecified, is not what is left of R41.8, though it is its neighbour of R41.89.
    return bool(_words(named) & _words(rest))


def _words(title: str) -> frozenset[str]:
    """The words of a title that tell what it is about, in the singular."""
    words = (word.strip(",()[]").removesuffix("s") for word in title.split())
    return frozenset(word for word in words if word not in _SAY_NOTHING)


def _line(sheet: Sheet, entry: Entry) -> tuple[Code, ...]:
    """The node of a whole code and those above it, up to its category."""
    nodes = (entry.node, *sheet.book.parents(entry.code))
    return tuple(node for node in nodes if node is not None and node.kind not in ("block", "chapter"))


def _about(rule: str, citation: str, severity: Severity, entry: Entry, message: str) -> Finding:
    return Finding(rule=rule, citation=citation, severity=severity, codes=(entry.code,), message=message)


def _claim(rule: str, citation: str, severity: Severity, message: str) -> Finding:
    return Finding(rule=rule, citation=citation, severity=severity, message=message)


def _nearest(sheet: Sheet, code: str) -> Code | None:
    """The code with the longest beginning of what was given: for W19A, without its fillers, W19.XXXA."""
    stem = code.replace(".", "")
    while len(stem) > 3:
        stem = stem[:-1]
        found = sheet.book.get(stem)
        if found is not None:
            ends = (child for child in sheet.book.children(found.code) if child.seventh == code[-1])
            return next(ends, found)
    return None


def _lacks_seventh(sheet: Sheet, node: Code) -> bool:
    """Whether all that a header lacks is its 7th character."""
    return any(child.seventh for child in sheet.book.children(node.code))


class Retired(NamedTuple):
    """The last day of a code that is gone, and what is looked at in its place."""

    until: date
    now: tuple[str, ...]


def _retired(code: str) -> Retired | None:
    plain = code.replace(".", "")
    return _all_retired().get(plain) or _all_retired().get(plain[:6])


@cache
def _all_retired() -> dict[str, Retired]:
    return {
        row["code"].replace(".", ""): Retired(date.fromisoformat(row["until"]), tuple(row["now"].split()))
        for row in read_rows("agent.rules", "retired.tsv")
    }
