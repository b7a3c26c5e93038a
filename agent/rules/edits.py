"""Edits: a code against the patient's age and sex, and against its place as principal diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from agent.errors import CodeTableError
from agent.records import Family, Finding, Severity, Sex
from agent.rules.codeset import CodeSet, read_codes
from agent.rules.rule import claim_rule
from agent.rules.sheet import Entry, Sheet
from agent.tables import read_rows

_CITED = "Medicare Code Editor"
_FORM = "form of the claim"
"""What sex is cited by: the editor has no conflict of sex, but a code and a claim that differ are still looked at."""
_MATERNITY = range(9, 65)
_GROWN, _ADULT = 18, 15
"""The age from which a code for children, and up to which one for adults, is in conflict."""


@claim_rule(Family.EDITS, _CITED, example="inpatient age 3: Z38.00")
def age_newborn(sheet: Sheet) -> Iterator[Finding]:
    """A code that only a newborn can have is in conflict with a patient of a year or more."""
    age = sheet.claim.patient.age
    if age is not None and age > 0:
        for entry in _named(sheet, "newborn"):
            yield _age("age_newborn", entry, age, "a newborn (age 0)")


@claim_rule(Family.EDITS, _CITED, example="outpatient age 40: R10.83")
def age_pediatric(sheet: Sheet) -> Iterator[Finding]:
    """A code for children is in conflict with a patient of 18 or more."""
    age = sheet.claim.patient.age
    if age is not None and age >= _GROWN:
        for entry in _named(sheet, "pediatric"):
            yield _age("age_pediatric", entry, age, "a child (0 to 17)")


@claim_rule(Family.EDITS, _CITED, example="outpatient age 70: O26.891")
def age_maternity(sheet: Sheet) -> Iterator[Finding]:
    """A code of pregnancy is in conflict with a patient under 9 or over 64."""
    age = sheet.claim.patient.age
    if age is not None and age not in _MATERNITY:
        for entry in _named(sheet, "maternity"):
            yield _age("age_maternity", entry, age, "a pregnancy (9 to 64)")


@claim_rule(Family.EDITS, _CITED, example="outpatient age 10: N40.0")
def age_adult(sheet: Sheet) -> Iterator[Finding]:
    """A code for adults is in conflict with a patient under 15."""
    age = sheet.claim.patient.age
    if age is not None and age < _ADULT:
        for entry in _named(sheet, "adult"):
            yield _age("age_adult", entry, age, "an adult (15 and over)")


@claim_rule(Family.EDITS, _FORM, example="outpatient male: N80.9")
def sex_female(sheet: Sheet) -> Iterator[Finding]:
    """A code of the female organs or of pregnancy is in conflict with a male patient, unless the record explains it."""
    if sheet.claim.patient.sex is Sex.MALE:
        for entry in _named(sheet, "female"):
            yield _sex("sex_female", entry, "female")


@claim_rule(Family.EDITS, _FORM, example="outpatient female: N40.0")
def sex_male(sheet: Sheet) -> Iterator[Finding]:
    """A code of the male organs is in conflict with a female patient, unless the record explains it."""
    if sheet.claim.patient.sex is Sex.FEMALE:
        for entry in _named(sheet, "male"):
            yield _sex("sex_male", entry, "male")


@claim_rule(Family.EDITS, _FORM, example="outpatient, no sex given: N40.0")
def patient_not_given(sheet: Sheet) -> Iterator[Finding]:
    """Where a code depends on age or sex, the claim gives them."""
    patient = sheet.claim.patient
    for what, value, edits in (
        ("sex", patient.sex, ("female", "male")),
        ("age", patient.age, ("newborn", "pediatric", "maternity", "adult")),
    ):
        asking = [entry for edit in edits for entry in _named(sheet, edit)] if value is None else []
        if asking:
            codes = tuple(dict.fromkeys(entry.code for entry in asking))
            yield Finding(
                rule="patient_not_given",
                citation=_FORM,
                severity=Severity.INFO,
                codes=codes,
                message=f"The patient's {what} is not given, and {', '.join(codes)} can't be checked against it.",
            )


@claim_rule(Family.EDITS, _CITED, example="inpatient: Z79.4 E11.9")
def unacceptable_principal(sheet: Sheet) -> Iterator[Finding]:
    """A circumstance that is no illness is not the principal diagnosis of an admission."""
    first = sheet.first
    if sheet.inpatient and first is not None and _holds("unacceptable", first.code):
        if not _holds("unacceptable_except", first.code):
            yield Finding(
                rule="unacceptable_principal",
                citation=_CITED,
                severity=Severity.ERROR,
                codes=(first.code,),
                message=f"{first.named} is not accepted as principal diagnosis; sequence the reason for the admission "
                "first.",
            )


@claim_rule(Family.EDITS, _CITED, example="inpatient: I10")
def questionable_admission(sheet: Sheet) -> Iterator[Finding]:
    """Some conditions are seldom a reason for an admission by themselves."""
    first = sheet.first
    if sheet.inpatient and first is not None and _holds("questionable", first.code):
        yield Finding(
            rule="questionable_admission",
            citation=_CITED,
            severity=Severity.WARNING,
            codes=(first.code,),
            message=f"{first.named} is seldom enough for an admission; see that the record shows why it was needed.",
        )


EDIT_RULES = (
    age_newborn,
    age_pediatric,
    age_maternity,
    age_adult,
    sex_female,
    sex_male,
    patient_not_given,
    unacceptable_principal,
    questionable_admission,
)


def _named(sheet: Sheet, edit: str) -> Iterator[Entry]:
    return (entry for entry in sheet.whole if _holds(edit, entry.code))


def _age(rule: str, entry: Entry, age: int, whom: str) -> Finding:
    return Finding(
        rule=rule,
        citation=_CITED,
        severity=Severity.WARNING,
        codes=(entry.code,),
        message=f"{entry.named} is for {whom}, and the patient is {age}.",
    )


def _sex(rule: str, entry: Entry, whose: str) -> Finding:
    return Finding(
        rule=rule,
        citation=_FORM,
        severity=Severity.WARNING,
        codes=(entry.code,),
        message=f"{entry.named} is a {whose} patient's, and the claim gives another sex; correct one of them, or keep "
        "both if the record explains it.",
    )


def _holds(edit: str, code: str) -> bool:
    codes = _edits()[edit]
    return code[0] in _letters(edit) and codes.holds(code)


@cache
def _letters(edit: str) -> frozenset[str]:
    return _edits()[edit].letters()


@cache
def _edits() -> dict[str, CodeSet]:
    rows = read_rows("agent.rules", "edits.tsv")
    return {row["edit"]: codes_of(row["codes"], f"edits.tsv, edit {row['edit']}") for row in rows}


def codes_of(cell: str, where: str) -> CodeSet:
    """The codes of a cell of a table: parts between semicolons, each as a note of the tabular list gives it.

    Raises:
        CodeTableError: a part can't be read; the message names it and the cell by `where`.
    """
    parts = [read_codes(f"({part.strip()})") for part in cell.split(";")]
    unread = [left for codes, left in parts if left or codes is None]
    if unread:
        raise CodeTableError(f"agent/rules/{where}: {unread} are no codes as a note gives them, such as I50 or A40-A41")
    return CodeSet(tuple(span for codes, _ in parts if codes is not None for span in codes.spans))
