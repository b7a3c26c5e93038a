"""The tabular list's notes on a claim: what excludes each other, what is asked for, and in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, groupby

from agent.records import Family, Finding, Severity
from agent.rules.passage import says
from agent.rules.relation import Relation, allowed, excludes1, is_manifestation, naming, partners
from agent.rules.rule import Kind, claim_rule
from agent.rules.sheet import Entry, Sheet
from agent.rules.sites import sides_differ
from agent.tables import read_rows


@claim_rule(Family.TABULAR, "I.A.12.a", example="outpatient: E11.9 E10.9")
def excludes1_conflict(sheet: Sheet) -> Iterator[Finding]:
    """Two codes that an Excludes1 note keeps apart are not reported together, unless the conditions are unrelated."""
    for one, other in combinations(sheet.whole, 2):
        note = excludes1(sheet.book, one.code, other.code)
        if note is None:
            continue
        beside = allowed(sheet.book, one.code, other.code)
        apart = sides_differ(one, other)
        why = (
            "They are of different sides, which speaks for two conditions that are unrelated: the exception."
            if apart
            else "Both stand only if the two conditions are unrelated; if that is not clear, ask the provider."
        )
        unless = " The note itself names a case in which it does not hold." if note.conditional else ""
        if beside is not None:
            unless += (
                f" An Excludes2 note at the same place (“{beside.text}”) allows the same codes for another condition."
            )
        yield Finding(
            rule="excludes1_conflict",
            citation=f"I.A.12.a, Excludes1 at {note.at}",
            severity=Severity.WARNING if apart or note.conditional or beside is not None else Severity.ERROR,
            codes=(one.code, other.code),
            message=f"{one.named} and {other.named}: an Excludes1 note at {note.at} keeps them apart "
            f"(“{note.text}”). {why}{unless}",
        )


@claim_rule(Family.TABULAR, "I.A.13", example="inpatient: F02.80")
def etiology_missing(sheet: Sheet) -> Iterator[Finding]:
    """A manifestation is never reported without the disease that it comes from."""
    for entry in sheet.whole:
        if is_manifestation(sheet.book, entry.code):
            notes = partners(sheet.book, entry.code, "code_first")
            if notes and not any(_answered(sheet, entry, note) for note in notes) and not _named_by_words(notes):
                yield _missing(
                    "etiology_missing",
                    "I.A.13",
                    Severity.ERROR,
                    entry,
                    notes[:1],
                    "is a manifestation, and its etiology is not on the claim",
                )
            elif len(sheet.whole) == 1:
                yield _missing("etiology_missing", "I.A.13", Severity.ERROR, entry, notes[:1], "stands alone")


@claim_rule(Family.TABULAR, "I.A.13", example="outpatient: H26.231")
def code_first_missing(sheet: Sheet) -> Iterator[Finding]:
    """Where a note asks for another code first, whatever the circumstances, that code is on the claim."""
    for entry in sheet.whole:
        notes = [] if is_manifestation(sheet.book, entry.code) else _unanswered(sheet, entry, "code_first")
        if notes:
            yield _missing(
                "code_first_missing",
                "I.A.13",
                Severity.WARNING,
                entry,
                notes,
                "has a code first note, and none of the codes that it names is on the claim",
            )


@claim_rule(Family.TABULAR, "I.A.13", example="outpatient: E11.22")
def use_additional_missing(sheet: Sheet) -> Iterator[Finding]:
    """Where a note at the code or its category asks for an additional code, the record is looked through for it."""
    for entry in sheet.whole:
        notes = _unanswered(sheet, entry, "use_additional")
        if notes:
            yield _missing(
                "use_additional_missing",
                "I.A.13",
                Severity.INFO,
                entry,
                notes,
                "asks for additional codes, where the record supports them",
            )


@claim_rule(Family.TABULAR, "I.A.17", example="outpatient: F80.4")
def code_also_missing(sheet: Sheet) -> Iterator[Finding]:
    """A code also note says that two codes may be needed; which comes first depends on the encounter."""
    for entry in sheet.whole:
        notes = _unanswered(sheet, entry, "code_also")
        if notes:
            yield _missing(
                "code_also_missing",
                "I.A.17",
                Severity.INFO,
                entry,
                notes,
                "has a code also note that nothing on the claim answers; report what the record supports",
            )


@claim_rule(Family.TABULAR, "I.A.12.b", example="outpatient: J44.9 J47.9")
def excludes2_beside(sheet: Sheet) -> Iterator[Finding]:
    """What an Excludes2 note sets apart may be reported too, where the patient has both."""
    for one, other in combinations(sheet.whole, 2):
        notes = (
            relation
            for near, far in ((one, other), (other, one))
            for relation in naming(sheet.book, near.code, far.code, "excludes2")
            if _is_near(relation)
        )
        note = next(notes, None)
        if note is not None and excludes1(sheet.book, one.code, other.code) is None:
            yield Finding(
                rule="excludes2_beside",
                citation=f"I.A.12.b, Excludes2 at {note.at}",
                severity=Severity.INFO,
                codes=(one.code, other.code),
                message=f"{one.code} and {other.code} are set apart by an Excludes2 note at {note.at}: they may stand "
                "together where the record supports both.",
            )


@claim_rule(Family.SEQUENCING, "I.A.13", kind=Kind.NEVER, example="inpatient: F02.80 G30.9")
def manifestation_first(sheet: Sheet) -> Iterator[Finding]:
    """A manifestation is never first-listed or principal."""
    if sheet.first is not None and is_manifestation(sheet.book, sheet.first.code):
        yield Finding(
            rule="manifestation_first",
            citation="I.A.13",
            severity=Severity.ERROR,
            codes=(sheet.first.code,),
            message=f"{sheet.first.named} is a manifestation; the disease that it comes from is sequenced before it.",
        )


def _unanswered(sheet: Sheet, entry: Entry, kind: str) -> list[Relation]:
    """The notes of a kind at the code or its category of which no code that they name is on the claim.

    The items of a list answer each other. What holds in some circumstances only (circumstances.tsv) is left out with
    its list, and what is named by words alone, since any code may answer it.
    """
    left: list[Relation] = []
    for group in _groups(partners(sheet.book, entry.code, kind), kind):
        circumstantial = any(says(note.text, _circumstances()) for note in group)
        worded = any(note.codes is None and not note.text.endswith(":") for note in group)
        if not circumstantial and not worded and not any(_answered(sheet, entry, note) for note in group):
            left += [note for note in group if note.codes is not None]
    return left


def _groups(notes: Sequence[Relation], kind: str) -> Iterator[list[Relation]]:
    """The notes that stand together: a list under its first line, and all "code first" notes of one node."""
    for _, standing in groupby((note for note in notes if _is_near(note)), key=lambda note: note.at):
        group: list[Relation] = []
        for note in standing:
            listed = group and (kind == "code_first" or group[0].text.endswith(":"))
            if group and not listed:
                yield group
                group = []
            group.append(note)
        yield group


@cache
def _circumstances() -> tuple[str, ...]:
    return tuple(row["words"] for row in read_rows("agent.rules", "circumstances.tsv"))


def _is_near(note: Relation) -> bool:
    """Whether a note stands at a code or a category: those of blocks and chapters would speak on every claim."""
    return "-" not in note.at and not note.at.isdigit()


def _answered(sheet: Sheet, entry: Entry, note: Relation) -> bool:
    letters = note.codes.letters() if note.codes is not None else frozenset()
    return any(o.code != entry.code and o.code[0] in letters and note.names(o.code) for o in sheet.whole)


def _named_by_words(notes: Sequence[Relation]) -> bool:
    """Whether a note names the disease in words alone, so that any code may answer it."""
    return any(note.codes is None or "such as" in note.text for note in notes)


def _missing(
    rule: str, citation: str, severity: Severity, entry: Entry, notes: Sequence[Relation], what: str
) -> Finding:
    texts = dict.fromkeys(f"“{note.text.lstrip(' ,;')}” at {note.at}" for note in notes)
    said = f": {'; '.join(texts)}" if texts else ""
    return Finding(
        rule=rule, citation=citation, severity=severity, codes=(entry.code,), message=f"{entry.named} {what}{said}."
    )
