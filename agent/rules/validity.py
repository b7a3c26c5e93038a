"""Whether a code exists, is whole, and holds on the date of service (I.B.2)."""

from __future__ import annotations

from collections.abc import Iterator

from agent.codebook import CodeBook
from agent.records import Draft, Family, Finding, Reason, Severity
from agent.rules.rule import Kind, draft_rule


@draft_rule(
    Family.SPECIFICITY,
    "I.B.2",
    kind=Kind.NEVER,
    example="a model proposes E11.2, a header",
)
def valid(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A code is of the edition and has its highest number of characters."""
    for candidate in draft.candidates:
        code = book.get(candidate.code)
        if code is None:
            yield Finding(
                rule="valid",
                citation=f"not in {book.edition.system} {book.edition.edition}",
                severity=Severity.INFO,
                codes=(candidate.code,),
                message=f"{candidate.code} is no code of {book.edition.system}, edition {book.edition.edition}.",
                reason=Reason.INVALID_CODE,
                candidate=candidate.id,
            )
        elif not code.billable:
            yield Finding(
                rule="valid",
                citation="I.B.2",
                severity=Severity.INFO,
                codes=(code.code,),
                message=f"{code.code} ({code.title}) is a header; a code is reported at its highest number of "
                "characters, "
                "and the text does not say which of those below it holds.",
                reason=Reason.NOT_BILLABLE,
                candidate=candidate.id,
            )


@draft_rule(
    Family.SPECIFICITY,
    "45 CFR 162.1002",
    example="outpatient 2027-01-15 | Assessment: Gout.",
)
def edition_dates(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """The edition holds on the date of service; a date outside it, or none, is said."""
    day = draft.encounter.date_of_service
    first, last = book.edition.effective
    if day is None:
        yield Finding(
            rule="edition_dates",
            citation="45 CFR 162.1002",
            severity=Severity.WARNING,
            message=f"No date of service was given, so it is not known whether edition {book.edition.edition} "
            f"({first} to {last}) holds. Give the date to be sure.",
        )
    elif not book.valid_on(day):
        yield Finding(
            rule="edition_dates",
            citation="45 CFR 162.1002",
            severity=Severity.WARNING,
            message=f"The date of service {day} is outside edition {book.edition.edition} ({first} to {last}). "
            "Codes may "
            "not hold on that date; use the edition of the date.",
        )
