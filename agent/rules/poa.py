"""Present on admission: the indicator of each diagnosis of a stay, and what a claim says of it (Appendix I)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from agent.claim import Poa
from agent.codebook import Code, CodeBook
from agent.records import AssignedCode, Encounter, Evidence, Family, Finding, Severity
from agent.rules.codeset import CodeSet, read_codes
from agent.rules.passage import says, sentence_at
from agent.rules.rule import claim_rule
from agent.rules.sheet import Sheet
from agent.tables import read_rows

_CITED = "Appendix I"
_AT_ADMISSION = frozenset(("chief_complaint", "hpi", "pmh", "admission_diagnosis", "indication", "problem_list", "psh"))
_ADMISSION_NOTES = ("h_and_p", "h&p", "history_and_physical", "admission", "ed_note", "emergency", "ed")
_KNOWN = tuple(str(poa) for poa in Poa)
_LASTING = ("chronic", "congenital", "long term", "status", "history", "sequela", "old ")
"""Words of a title that say that the condition was there before any stay."""


def poa_of(code: Code, evidence: tuple[Evidence, ...], encounter: Encounter) -> Poa:
    """The indicator that the documents support for a code of a stay.

    Exempt codes first; then what says that it arose during the stay (N); then what says that it was there: the words
    around it, the sections and documents of the admission, or a code that is lasting by its title (Y). U where nothing
    says either, which is a question to the provider.
    """
    if is_exempt(code):
        return Poa.EXEMPT
    said = [sentence_at(encounter, one) for one in evidence]
    early = any(one.section in _AT_ADMISSION or one.document.startswith(_ADMISSION_NOTES) for one in evidence)
    if any(says(text, _words("present")) for text in said) or early:
        return Poa.YES
    if any(says(text, _words("arose")) for text in said):
        return Poa.NO
    if any(word in code.title.lower() for word in _LASTING) or code.code.startswith("C"):
        return Poa.YES
    return Poa.UNKNOWN


def is_exempt(code: Code) -> bool:
    """Whether a code takes no indicator."""
    return _exempt().holds(code.code)


@claim_rule(Family.EDITS, _CITED, example="inpatient: J18.9 (no POA)")
def poa_missing(sheet: Sheet) -> Iterator[Finding]:
    """Every diagnosis of a stay has a POA indicator, unless it is exempt."""
    for entry in sheet.whole if sheet.inpatient else ():
        if entry.poa is None and entry.node is not None and not is_exempt(entry.node):
            yield _finding(
                "poa_missing", entry.code, Severity.WARNING, f"{entry.named} has no POA indicator; give Y, N, U or W."
            )


@claim_rule(Family.EDITS, _CITED, example="inpatient: Z79.4 POA Y")
def poa_of_exempt(sheet: Sheet) -> Iterator[Finding]:
    """A code that is exempt takes no POA indicator."""
    for entry in sheet.whole if sheet.inpatient else ():
        if entry.node is not None and entry.poa in ("Y", "N", "U", "W") and is_exempt(entry.node):
            yield _finding(
                "poa_of_exempt",
                entry.code,
                Severity.INFO,
                f"{entry.named} is exempt from POA reporting; {entry.poa} is dropped.",
            )


@claim_rule(Family.EDITS, _CITED, example="inpatient: J18.9 POA 1")
def poa_unknown_value(sheet: Sheet) -> Iterator[Finding]:
    """A POA indicator is Y, N, U or W; 1 and exempt are read for exempt codes."""
    for entry in sheet.entries:
        exempt = entry.node is not None and is_exempt(entry.node)
        if entry.poa is not None and entry.poa not in _KNOWN and not (exempt and entry.poa == "1"):
            yield _finding(
                "poa_unknown_value",
                entry.code,
                Severity.ERROR,
                f"{entry.poa!r} is no POA indicator; give Y, N, U or W.",
            )
        elif entry.poa == Poa.EXEMPT and entry.node is not None and not exempt:
            yield _finding(
                "poa_unknown_value", entry.code, Severity.ERROR, f"{entry.named} is not exempt; give Y, N, U or W."
            )


@claim_rule(Family.EDITS, _CITED, example="outpatient: J18.9 POA Y")
def poa_outpatient(sheet: Sheet) -> Iterator[Finding]:
    """POA indicators are for inpatient stays."""
    given = [entry.code for entry in sheet.entries if entry.poa is not None]
    if sheet.outpatient and given:
        yield Finding(
            rule="poa_outpatient",
            citation=_CITED,
            severity=Severity.INFO,
            codes=tuple(given),
            message="POA indicators are given on an outpatient claim, which has none; they are not used.",
        )


@claim_rule(Family.EDITS, _CITED, example="inpatient: J18.9 POA U")
def poa_undocumented(sheet: Sheet) -> Iterator[Finding]:
    """Where the record does not say whether a condition was there on admission, the provider is asked."""
    for entry in sheet.whole if sheet.inpatient else ():
        if entry.poa == Poa.UNKNOWN:
            yield _finding(
                "poa_undocumented",
                entry.code,
                Severity.INFO,
                f"Nothing says whether {entry.named} was there on admission; ask the provider before U is reported.",
            )


@claim_rule(Family.EDITS, _CITED, example="inpatient: J95.851 POA N (principal)")
def poa_principal(sheet: Sheet) -> Iterator[Finding]:
    """The principal diagnosis occasioned the admission, so it was there on admission."""
    first = sheet.first
    if sheet.inpatient and first is not None and first.poa == Poa.NO and not first.code.startswith(("O", "Z38", "P")):
        yield _finding(
            "poa_principal",
            first.code,
            Severity.WARNING,
            f"{first.named} is principal and reported as not there on admission; a condition that arose later is secondary.",
        )


POA_RULES = (poa_missing, poa_of_exempt, poa_unknown_value, poa_outpatient, poa_undocumented, poa_principal)


def _finding(rule: str, code: str, severity: Severity, message: str) -> Finding:
    return Finding(rule=rule, citation=_CITED, severity=severity, codes=(code,), message=message)


@cache
def _exempt() -> CodeSet:
    spans = []
    for row in read_rows("agent.rules", "poa_exempt.tsv"):
        for part in row["codes"].split(";"):
            codes, _ = read_codes(f"({part.strip()})")
            spans += codes.spans if codes else ()
    return CodeSet(tuple(spans))


@cache
def _words(kind: str) -> tuple[str, ...]:
    rows = {row["kind"]: row["words"] for row in read_rows("agent.rules", "poa.tsv")}
    return tuple(word.strip() for word in rows[kind].split(";"))


def with_poa(codes: tuple[AssignedCode, ...], encounter: Encounter, book: CodeBook) -> tuple[AssignedCode, ...]:
    """The codes of a stay with their indicators."""
    return tuple(
        code.model_copy(update={"poa": poa_of(node, code.evidence, encounter).value})
        if (node := book.get(code.code)) is not None
        else code
        for code in codes
    )
