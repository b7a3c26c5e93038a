"""Present on admission: the indicator of each diagnosis of a stay, and what a claim says of it (Appendix I)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from agent.claim import Poa
from agent.codebook import Code, CodeBook
from agent.records import AssignedCode, Encounter, Evidence, Family, Finding, Severity
from agent.rules.codeset import CodeSet
from agent.rules.edits import codes_of
from agent.rules.passage import says, sentence_at
from agent.rules.rule import claim_rule
from agent.rules.sheet import Sheet
from agent.tables import read_rows, read_words

_CITED = "Appendix I"
_AT_ADMISSION = frozenset(("chief_complaint", "hpi", "pmh", "admission_diagnosis", "indication", "problem_list", "psh"))
_ADMISSION_NOTE = re.compile(r"(?:h_and_p|h&p|hp|history_and_physical|admission|ed|er|emergency|triage)(?![a-z])", re.I)
_DAILY_NOTE = re.compile(r"(?:progress|daily|nursing|soap)", re.I)
"""Names of documents of the admission, and of those whose interval history is one of the stay."""
_KNOWN = tuple(str(poa) for poa in Poa)
_DAY = re.compile(r"(?:on|by|hd|pod|hosp)\b|hd\d|pod\d")
"""Phrases of the day of something: of a finding where the words say that it was found."""
_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})(?:/(?:20)?\d\d)?(?![\d/])")
_ADMITTED = re.compile(r"\badm(?:it|itted|ission|issions?)?\b(?: date)?[^\n\d]{0,12}(\d{1,2})/(\d{1,2})", re.I)
"""A month and a day, and those of the admission: "Admitted 5/10", "ADM: 6/13/26"."""
_DETAILS = 2
_DETAIL = re.compile(
    r"(?:(?:stage|grade|class|type|category) \w+|unstageable|(?:left|right|both)(?: (?:side|sided|heel|hip|leg))?|"
    r"bilateral|mild|moderate|severe|acute|uncomplicated|unspecified)",
    re.I,
)
"""How many details between commas may stand before what is said of a diagnosis, and what is one: "stage 2"."""
_CLAUSE = re.compile(r"[,;:]|\b(?:and|but|then|while)\b")
_CONCEPTS = (" with ", "acute on chronic", "acute and chronic")
"""Words of a title that join conditions of which each may have begun at its own time."""


def poa_of(code: Code, evidence: tuple[Evidence, ...], encounter: Encounter) -> Poa:
    """The indicator that the documents support for a code of a stay.

    Exempt codes first. Then what the documents say outright: words around a quote, or that it stands in a section or a
    document of the admission. A disease that is lasting by its code was there, whenever it was found; so was what a
    note of the admission has, whatever a later one says. Of a code for several conditions one may have come on later,
    which makes it N. Last come words that only let one expect it, days, and the kind of the code: a delivery tears in
    the stay, an injury brings one to it. U where nothing tells, or where words tell both, which is a question to the
    provider.
    """
    if is_exempt(code):
        return Poa.EXEMPT
    said = {_said(encounter, one) for one in evidence}
    joined = any(word in code.title.lower() for word in _CONCEPTS)
    if Poa.UNDETERMINED in said:
        return Poa.UNDETERMINED
    if Poa.NO in said and joined:
        return Poa.NO
    if Poa.YES in said or _is_lasting(code):
        return Poa.YES
    if Poa.NO in said:
        return Poa.NO
    expected = {told for one in evidence if (told := _told(encounter, one, "before", "later")) is not None}
    if expected:
        return expected.pop() if len(expected) == 1 else Poa.UNKNOWN
    told = _by_date(evidence, encounter)
    return _by_kind(code) if told is Poa.UNKNOWN else told


def _by_kind(code: Code) -> Poa:
    """What the kind of a code lets one expect; U of most."""
    if _codes("delivery").holds(code.code):
        return Poa.NO
    return Poa.YES if "initial encounter" in code.title and _codes("injury").holds(code.code) else Poa.UNKNOWN


def _by_date(evidence: tuple[Evidence, ...], encounter: Encounter) -> Poa:
    """What the days beside the quotes tell, where a document names the day of admission: after it is N.

    A finding that a note of the admission does not have and a later one calls new is N too. U where neither tells.
    """
    admitted = next((day for d in encounter.documents for day in _days(_ADMITTED.findall(d.text))), None)
    clauses = [_clauses(sentence_at(encounter, one), one)[0] for one in evidence]
    days = [day for clause in clauses if not says(clause, _words("seen")) for day in _days(_DATE.findall(clause))]
    if admitted is not None and days:
        return Poa.NO if min(days) > admitted else Poa.YES
    noted = any(_ADMISSION_NOTE.match(document.id) for document in encounter.documents)
    return Poa.NO if noted and any(says(clause, _words("new")) for clause in clauses) else Poa.UNKNOWN


def _days(found: list[tuple[str, str]]) -> list[tuple[int, int]]:
    """Months and days, those that are some; a stay over the turn of a year is read wrongly, and says nothing then."""
    days = [(int(month), int(day)) for month, day in found]
    return [(month, day) for month, day in days if 1 <= month <= 12 and 1 <= day <= 31]


def _said(encounter: Encounter, evidence: Evidence) -> Poa | None:
    """What is said outright of a quote, or its place in the record says; None for neither."""
    sentence = sentence_at(encounter, evidence)
    if says(sentence, _words("undetermined")) and says(sentence, ("admission", "arrival")):
        return Poa.UNDETERMINED
    told = _told(encounter, evidence, "present", "arose")
    return Poa.YES if told is None and _is_early(evidence) else told


def _told(encounter: Encounter, evidence: Evidence, yes: str, no: str) -> Poa | None:
    """What the words of two kinds tell of a quote: those of its clause, or of its sentence up to there if it has none.

    What follows is of another condition: "pneumonia, and hypokalemia developed on hospital day 2".
    """
    sentence = sentence_at(encounter, evidence)
    clause, upto, rest = _clauses(sentence, evidence)
    said = rest.split(",")
    for place, part in enumerate(said[: _DETAILS + 1]):
        if any(_phrase(part.lstrip(), kind, start=True) for kind in (yes, no)):
            # "Pressure ulcer, stage 2, present on admission, treated with foam" goes on to say it of the ulcer.
            upto = clause = " ".join((upto, *said[:place], _CLAUSE.split(part.lstrip(), maxsplit=1)[0]))
            break
        if not _DETAIL.fullmatch(part.strip()):
            break
    for text in (clause, upto):
        arose, present = _phrase(text, no), _phrase(text, yes, but=no)
        if _DAY.match(arose) and says(text, _words("seen")):
            arose = ""
        if arose and present:
            return None
        if arose or present:
            return Poa.NO if arose else Poa.YES
    return None


def _clauses(sentence: str, evidence: Evidence) -> tuple[str, str, str]:
    """The clause of a quote, its sentence up to the end of that, and what follows after a comma."""
    quote = " ".join(evidence.text.split())
    start = max(sentence.find(quote), 0)
    end = min(start + len(quote), len(sentence))
    breaks = [0, *(found.end() for found in _CLAUSE.finditer(sentence)), len(sentence)]
    last = min(one for one in breaks if one >= end)
    clause = sentence[max(one for one in breaks if one <= start) : last]
    return clause, sentence[:last], sentence[last:].lstrip() if sentence[last - 1 : last] == "," else ""


def _phrase(text: str, kind: str, *, but: str | None = None, start: bool = False) -> str:
    """The first phrase of a kind in a text without those of another: "not present on admission" says one thing.

    With `start` the phrase that the text begins with.
    """
    low = text.lower()
    if start:
        return next((phrase for phrase in _words(kind) if low.startswith(phrase)), "")
    for phrase in _words(but) if but is not None else ():
        low = low.replace(phrase, " ")
    return says(low, _words(kind))


def _is_early(evidence: Evidence) -> bool:
    """Whether a quote stands in a section or a document of the admission."""
    daily = evidence.section == "hpi" and _DAILY_NOTE.search(evidence.document)
    in_note = _ADMISSION_NOTE.match(evidence.document)
    return bool(in_note) or (evidence.section in _AT_ADMISSION and not daily)


def _is_lasting(code: Code) -> bool:
    """Whether a stay does not bring it on: by its title or its code, if no part of it may come on suddenly."""
    if _codes("always").holds(code.code):
        return True
    return not says(code.title, _words("acute")) and (
        bool(says(code.title, _words("title"))) or _codes("lasting").holds(code.code)
    )


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
            f"{first.named} is principal and reported as not there on admission; a condition that arose later is "
            "secondary, unless the code holds another that was there.",
        )


POA_RULES = (poa_missing, poa_of_exempt, poa_unknown_value, poa_outpatient, poa_undocumented, poa_principal)


def _finding(rule: str, code: str, severity: Severity, message: str) -> Finding:
    return Finding(rule=rule, citation=_CITED, severity=severity, codes=(code,), message=message)


@cache
def _exempt() -> CodeSet:
    rows = read_rows("agent.rules", "poa_exempt.tsv")
    return codes_of("; ".join(row["codes"] for row in rows), "poa_exempt.tsv")


def _words(kind: str) -> tuple[str, ...]:
    return read_words("agent.rules", "poa.tsv")[kind]


@cache
def _codes(kind: str) -> CodeSet:
    return codes_of("; ".join(_words(kind)), f"poa.tsv, kind {kind}")


def with_poa(codes: tuple[AssignedCode, ...], encounter: Encounter, book: CodeBook) -> tuple[AssignedCode, ...]:
    """The codes of a stay with their indicators."""
    return tuple(
        code.model_copy(update={"poa": poa_of(node, code.evidence, encounter).value})
        if (node := book.get(code.code)) is not None
        else code
        for code in codes
    )
