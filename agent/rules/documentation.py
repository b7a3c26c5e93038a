"""What the document says of a condition: denied, suspected, a relative's, ruled out; and whether readings agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from agent.codebook import CodeBook
from agent.intake import ENGLISH, foreign_language
from agent.notes import is_discharge_summary
from agent.records import Assertion, Candidate, Draft, Family, Finding, Reason, Scope, Setting, Severity
from agent.rules.objection import about, against, is_history, quoted
from agent.rules.passage import after, before, cue_of_another, says, sentence
from agent.rules.rule import Kind, draft_rule
from agent.tables import read_rows

_RULED_OUT = ("ruled out", "ruled-out", "rules out", "has been excluded", "was excluded", "were excluded")
_TURN = re.compile(r";|\b(?:but|while|however)\b", re.I)
_CAME_FOR = ("presents for", "presenting for", "admitted for", "here for", "here today for", "comes for", "seen for")
_MOTHERS = ("O", "Z33", "Z34", "Z37", "Z39", "Z3A")
_NEWBORNS = ("P", "Z38")


@draft_rule(
    Family.DOCUMENTATION,
    "I.A.19",
    kind=Kind.NEVER,
    example="outpatient | Assessment: Cough. Patient denies chest pain.",
)
def not_present(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that the documents deny is not coded: a code needs a statement that it exists."""
    for candidate in read_as(draft, Assertion.NEGATED):
        if not _ruled_out(draft, candidate):
            yield against(
                candidate,
                "not_present",
                "I.A.19",
                Reason.NEGATED,
                f"The document denies {quoted(candidate)}{cue(candidate)}; a code needs the provider's statement "
                "that the condition exists.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.A.19, I.C.21.c.6",
    kind=Kind.NEVER,
    example="inpatient | Assessment: Chest pain. Pulmonary embolism was ruled out.",
)
def ruled_out(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that was ruled out is not coded in any setting; an observation code may say why it was looked for."""
    for candidate in read_as(draft, Assertion.NEGATED):
        if _ruled_out(draft, candidate):
            yield against(
                candidate,
                "ruled_out",
                "I.A.19, I.C.21.c.6",
                Reason.NEGATED,
                f"{quoted(candidate)} was ruled out{cue(candidate)}; it is coded in no setting. A sign or symptom that "
                "led to the search is; where there was none, an observation code (Z03, Z04, of a newborn Z05) may be.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.A.19",
    kind=Kind.NEVER,
    example="outpatient | Assessment: Sprained ankle. Return if you develop fever.",
)
def only_imagined(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A risk, a condition or an instruction is not something that the patient has."""
    for candidate in read_as(draft, Assertion.HYPOTHETICAL):
        if not exempt("only_imagined", candidate):
            yield against(
                candidate,
                "only_imagined",
                "I.A.19",
                Reason.HYPOTHETICAL,
                f"{quoted(candidate)} is spoken of as a risk, a condition or an instruction{cue(candidate)}, not as "
                "something that the patient has.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.C.21.c.4",
    kind=Kind.NEVER,
    example="outpatient | Assessment: Hypertension. Her mother has breast cancer.",
)
def family(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A relative's condition is not the patient's; it is reported as family history where it matters."""
    for candidate in read_as(draft, Assertion.FAMILY):
        if not (is_history(candidate.code) or exempt("family", candidate) or _as_mother(draft, candidate)):
            yield against(
                candidate,
                "family",
                "I.C.21.c.4",
                Reason.FAMILY,
                f"{quoted(candidate)} is a relative's{cue(candidate)}, not the patient's; where it puts the patient at "
                "risk, a family history (Z80-Z84) is reported.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "IV.H",
    kind=Kind.NEVER,
    example="outpatient | Assessment: Cough, possible pneumonia.",
)
def uncertain_outpatient(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Outpatient, what is only suspected is not coded; the sign or symptom that is certain is."""
    if draft.encounter.setting is Setting.INPATIENT or draft.scope is Scope.MENTIONS:
        return
    for candidate in read_as(draft, Assertion.UNCERTAIN):
        if not exempt("uncertain_outpatient", candidate):
            yield against(
                candidate,
                "uncertain_outpatient",
                "IV.H",
                Reason.UNCERTAIN_OUTPATIENT,
                f"{quoted(candidate)} is documented as uncertain{cue(candidate)}; an outpatient encounter is coded to "
                "its highest degree of certainty, such as the sign or symptom.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "II.H, III.C",
    example="inpatient | Discharge diagnosis: Probable pneumonia.",
)
def uncertain_inpatient(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Inpatient, what is still uncertain at discharge is coded as if it existed, but for a few infections."""
    if draft.encounter.setting is not Setting.INPATIENT or draft.scope is Scope.MENTIONS:
        return
    confirmed = tuple(code for row in to_confirm() for code in row["codes"].split())
    for candidate in read_as(draft, Assertion.UNCERTAIN):
        if not candidate.code.startswith(confirmed) and not exempt("uncertain_inpatient", candidate):
            yield about(
                candidate,
                "uncertain_inpatient",
                "II.H, III.C",
                f"{quoted(candidate)} is documented as uncertain{cue(candidate)}; at inpatient discharge it is "
                "coded as if it existed. Confirm that it was still uncertain at discharge.",
                Severity.INFO,
            )


@draft_rule(
    Family.DOCUMENTATION,
    "II.H, III.C",
    example="an admission note asks “TB vs lymphoma”, and the discharge summary names histoplasmosis alone",
)
def uncertain_before_discharge(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Inpatient, what was suspected on the way and is not in the discharge summary was not uncertain at discharge."""
    final = {document.id for document in draft.encounter.documents if is_discharge_summary(document)}
    if draft.encounter.setting is not Setting.INPATIENT or draft.scope is Scope.MENTIONS or not final:
        return
    at_discharge = {c.code for c in draft.candidates if any(e.document in final for e in c.evidence)}
    for candidate in read_as(draft, Assertion.UNCERTAIN):
        if candidate.code not in at_discharge and not exempt("uncertain_inpatient", candidate):
            yield against(
                candidate,
                "uncertain_before_discharge",
                "II.H, III.C",
                Reason.NOT_REPORTABLE,
                f"{quoted(candidate)} was suspected during the stay{cue(candidate)}, and the discharge summary does "
                "not name it; only what is still uncertain at discharge is coded as if it existed.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.C.21.c.3",
    example="outpatient | Assessment: End-stage renal disease, scheduled for kidney transplant.",
)
def planned(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A status or a service that is only planned has not come about yet."""
    for candidate in read_as(draft, Assertion.PLANNED):
        if candidate.code.startswith("Z") and not says(sentence(draft, candidate), _CAME_FOR):
            yield against(
                candidate,
                "planned",
                "I.C.21.c.3",
                Reason.HYPOTHETICAL,
                f"{quoted(candidate)} is planned{cue(candidate)} and has not taken place.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "I.A.19, I.B.14",
    example="outpatient | HPI: She denies chest pain.\\nAssessment: 1. Chest pain",
)
def contradiction(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Where documents both state and deny a condition, the attending provider is asked."""
    denied: dict[str, Candidate] = {}
    for candidate in read_as(draft, Assertion.NEGATED):
        denied.setdefault(candidate.code, candidate)
    told: set[str] = set()
    for candidate in draft.candidates:
        other = denied.get(candidate.code)
        stands = candidate.assertion is Assertion.AFFIRMED and candidate.managed
        if other is None or candidate.code in told or not stands:
            continue
        told.add(candidate.code)
        yield about(
            candidate,
            "contradiction",
            "I.A.19, I.B.14",
            f"{quoted(candidate)} is stated, and denied elsewhere{cue(other)}: {quoted(other)}. If the two do "
            "not agree, ask the attending provider.",
        )


@draft_rule(
    Family.DOCUMENTATION,
    "assertion by cue words",
    example="a model reads “no gout” as affirmed",
)
def disagreement(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A reader and the cue words around its quote say different things; both are shown, neither overrides."""
    for candidate in draft.candidates:
        if candidate.cued is not None and candidate.cued is not candidate.assertion:
            yield about(
                candidate,
                "disagreement",
                "assertion by cue words",
                f"{quoted(candidate)} was read as {candidate.assertion.value}, but {_cued(candidate.cued)}. "
                "Read the passage.",
            )


@draft_rule(
    Family.DOCUMENTATION,
    "language of the documents",
    example="a Spanish discharge letter",
)
def language(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Cue words, headings and the lexicon are English; a document in another language was not checked by them."""
    for document in draft.encounter.documents:
        found = foreign_language(document.text)
        if found is not None:
            yield Finding(
                rule="language",
                citation="language of the documents",
                severity=Severity.WARNING,
                message=f"{document.id} reads as {found}: quotes stand in it letter for letter, but headings and cue "
                f"words are known in {ENGLISH} alone, so what is denied or past was told by the reader.",
            )


def cue(candidate: Candidate) -> str:
    """The cue that a candidate was read by, in parentheses; nothing where there is none."""
    return f" (\u201c{candidate.note}\u201d)" if candidate.note else ""


def read_as(draft: Draft, assertion: Assertion) -> Iterator[Candidate]:
    """The candidates that were read so, by a cue that is theirs."""
    for candidate in draft.candidates:
        if candidate.assertion is assertion and not cue_of_another(draft, candidate):
            yield candidate


def exempt(rule: str, candidate: Candidate) -> bool:
    """Whether a candidate's code says of itself what `rule` would leave it out for (`agent/rules/exempt.tsv`)."""
    return candidate.code.startswith(_exempt().get(rule, ("?",)))


@cache
def to_confirm() -> tuple[dict[str, str], ...]:
    """The infections that are coded only where they are confirmed: the rows of `agent/rules/confirmed.tsv`."""
    return tuple(read_rows("agent.rules", "confirmed.tsv"))


@cache
def _exempt() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in read_rows("agent.rules", "exempt.tsv"):
        found[row["rule"]] = (*found.get(row["rule"], ()), *row["codes"].split())
    return found


def _as_mother(draft: Draft, candidate: Candidate) -> bool:
    """Whether “maternal” is said of the patient herself: of a pregnancy, in a record that is not a newborn's."""
    if candidate.note != "maternal" or not candidate.code.startswith(_MOTHERS) or draft.encounter.patient.age == 0:
        return False
    return not any(other.code.startswith(_NEWBORNS) for other in draft.candidates)


def _cued(said: Assertion) -> str:
    return "no word around it says so" if said is Assertion.AFFIRMED else f"the words around it say {said.value}"


def _ruled_out(draft: Draft, candidate: Candidate) -> bool:
    """By its cue; where a model read it, which names no cue, by its part of the sentence."""
    if candidate.note:
        return bool(says(candidate.note, _RULED_OUT))
    clause = (
        _TURN.split(before(draft, candidate))[-1],
        candidate.evidence[0].text,
        _TURN.split(after(draft, candidate))[0],
    )
    return bool(says(" ".join(clause), _RULED_OUT))
