"""The nouns that flow through the pipeline: frozen values, in the order in which a note meets them.

Offsets are half-open code points into a document exactly as it was given: `document.text[start:end]` is the text,
always. A thing that was found in its document has another type than a thing that was not: a `Proposal` becomes
`Evidence` or a `Rejection`, and an `AssignedCode` without evidence can't be built.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Record(BaseModel):
    """A frozen value with no room for fields that nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Setting(StrEnum):
    """Where care was given; it decides which guidelines hold (II and III inpatient, IV outpatient)."""

    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"


class Scope(StrEnum):
    """What is asked for: the codes of a claim, or every condition that the documents assert."""

    CLAIM = "claim"
    MENTIONS = "mentions"


class Assertion(StrEnum):
    """What the document says of a condition."""

    AFFIRMED = "affirmed"
    NEGATED = "negated"
    UNCERTAIN = "uncertain"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"
    PLANNED = "planned"


class Match(StrEnum):
    """How a quote was found: letter for letter, after folding, or by alignment under guard."""

    EXACT = "exact"
    FOLDED = "folded"
    FUZZY = "fuzzy"


class Relation(StrEnum):
    """How an alternative stands to the code that was proposed."""

    PROPOSED = "proposed"
    PARENT = "parent"
    CHILD = "child"
    SIBLING = "sibling"
    SEARCH = "search"


class Role(StrEnum):
    """A code's place in the sequence of its encounter."""

    PRINCIPAL = "principal"
    FIRST_LISTED = "first_listed"
    SECONDARY = "secondary"


class Severity(StrEnum):
    """How a finding weighs: for information, to be looked at, or in the way of the claim."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Reason(StrEnum):
    """Why a code that was considered is not reported."""

    NEGATED = "negated"
    UNCERTAIN_OUTPATIENT = "uncertain_outpatient"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"
    INTEGRAL_SYMPTOM = "integral_symptom"
    EXCLUDES1 = "excludes1"
    NOT_REPORTABLE = "not_reportable"
    UNSUPPORTED_QUOTE = "unsupported_quote"
    INVALID_CODE = "invalid_code"
    NOT_BILLABLE = "not_billable"
    NOT_VALID_ON_DATE = "not_valid_on_date"
    LESS_SPECIFIC = "less_specific"
    DUPLICATE = "duplicate"
    SEQUENCING = "sequencing"
    AGE_SEX = "age_sex"
    REPLACED = "replaced"


class Family(StrEnum):
    """What rules are about; a family can be switched off as a whole (CHARTPROOF_RULES_OFF)."""

    DOCUMENTATION = "documentation"
    REPORTABILITY = "reportability"
    SPECIFICITY = "specificity"
    TABULAR = "tabular"
    SEQUENCING = "sequencing"
    EDITS = "edits"


class DecidedBy(StrEnum):
    """Who excluded a code."""

    GROUNDING = "grounding"
    RULE = "rule"
    CRITIC = "critic"


class Sex(StrEnum):
    """Sex as the code edits use it."""

    FEMALE = "female"
    MALE = "male"


class Patient(Record):
    """What rules of age and sex may ask of the patient; age in whole years at the date of service."""

    age: Annotated[int, Field(ge=0, le=130)] | None = None
    sex: Sex | None = None


class Document(Record):
    """One text of an encounter, kept exactly as it was given."""

    id: str = Field(min_length=1)
    text: str


class Encounter(Record):
    """One visit or stay: what is coded as a whole, from one document or several."""

    id: str = Field(min_length=1)
    setting: Setting
    documents: tuple[Document, ...] = Field(min_length=1)
    date_of_service: date | None = None
    patient: Patient = Patient()

    @model_validator(mode="after")
    def _documents_have_own_names(self) -> Encounter:
        names = [document.id for document in self.documents]
        if len(set(names)) != len(names):
            raise ValueError("two documents of one encounter have the same id; give each its own")
        return self

    def document(self, name: str) -> Document:
        """The document called `name`; KeyError if there is none."""
        for document in self.documents:
            if document.id == name:
                return document
        raise KeyError(name)


class Section(Record):
    """A stretch of a document under one heading; sections cover their document without gap or overlap.

    `kind` is the canonical name of the heading (`assessment_plan`, `hpi`, ...), `text` before any heading and for
    headings that are unknown. `body` is where the text after the heading begins.
    """

    document: str
    kind: str
    heading: str
    start: int = Field(ge=0)
    body: int = Field(ge=0)
    end: int = Field(ge=0)


class Chunk(Record):
    """An interval of a document that an engine reads at once; chunks cover their document without gap or overlap.

    `sections` are the sections it touches, in order. `context` is where the text shown before it for understanding
    begins (`context == start` when there is none); what stands there must not be quoted.
    """

    document: str
    index: int = Field(ge=0)
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    context: int = Field(ge=0)
    sections: tuple[Section, ...]


class Proposal(Record):
    """What an engine claims to have read in a chunk: not yet found in the document.

    `others` are further codes that its reader would weigh. `managed` quotes what shows that the condition was
    monitored, evaluated, assessed or treated at this encounter;
    None where nothing does. `at` is the code point at which an engine that reads by place says its quote begins: it is
    checked, never believed; a model's offsets are never put here. `note` is the cue that it was read by, `reader` the
    engine.
    """

    condition: str = Field(min_length=1)
    code: str
    others: tuple[str, ...] = ()
    quote: str
    assertion: Assertion
    chunk: int = Field(ge=0)
    document: str
    managed: str | None = None
    at: int | None = None
    note: str = ""
    reader: str = "model"


class Evidence(Record):
    """A passage of a document that supports a code; `text` is the document's own, never the quote's. Score 0 to 100."""

    document: str
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    text: str = Field(min_length=1)
    section: str
    match: Match
    score: float = Field(ge=0, le=100)


class Passage(Record):
    """The place of a document that comes nearest to a quote that was not found; score 0 to 100."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str
    score: float = Field(ge=0, le=100)


class Rejection(Record):
    """A proposal whose quote is not in its document."""

    condition: str
    code: str
    quote: str
    reason: str
    nearest: Passage | None = None


class Alternative(Record):
    """A code that was weighed and not taken, and why not."""

    code: str
    title: str
    relation: Relation
    why_not: str = ""


class Candidate(Record):
    """A condition with its evidence, the code proposed for it and the codes offered in its place.

    `code` is as proposed, and may be unknown to the edition or a header; `alternatives` are codes of the edition.
    `assertion` is what its reader says of it, `cued` what the cue words around the first evidence say, `note` the cue.
    `reader` is the engine that found it.
    """

    id: int = Field(ge=0)
    condition: str
    code: str
    assertion: Assertion
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    managed: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    cued: Assertion | None = None
    note: str = ""
    reader: str = "lexical"


class Finding(Record):
    """What a rule noticed; `citation` is a guideline section, a tabular note or the check that failed.

    Where the rule speaks against one candidate, `candidate` is its id and `reason` what it would be excluded for;
    `instead` is the code that takes its place, where there is one. The candidate's id has no meaning outside a draft
    and is not part of the result's JSON; `binding` says that no critic may overrule it.
    """

    rule: str
    citation: str = Field(min_length=1)
    severity: Severity
    codes: tuple[str, ...] = ()
    message: str
    reason: Reason | None = None
    instead: str | None = None
    candidate: int | None = Field(default=None, exclude=True)
    binding: bool = Field(default=False, exclude=True)


class Draft(Record):
    """What rules and critique look at: the encounter, what is asked for, and the candidates so far."""

    encounter: Encounter
    scope: Scope
    candidates: tuple[Candidate, ...]


class Kept(Record):
    """A critic's word that a candidate is reported, under `code`: its own or one that it was offered.

    `why_not` says of offered codes that were not taken why not, by code. `citation` is what a change of code rests on.
    """

    candidate: int
    code: str
    rationale: str = Field(min_length=1)
    confidence: float = Field(ge=0, le=1)
    why_not: dict[str, str] = {}
    citation: str = ""


class Dropped(Record):
    """A critic's word that a candidate is not reported, and why."""

    candidate: int
    reason: Reason
    citation: str = Field(min_length=1)
    explanation: str = Field(min_length=1)
    decided_by: DecidedBy
    replaced_by: str | None = None


Verdict = Kept | Dropped


def dropped_by_rule(candidate: Candidate, finding: Finding) -> Dropped:
    """The verdict of a rule that speaks against a candidate; the finding has a reason."""
    return Dropped(
        candidate=candidate.id,
        reason=finding.reason or Reason.NOT_REPORTABLE,
        citation=finding.citation,
        explanation=finding.message,
        decided_by=DecidedBy.RULE,
        replaced_by=finding.instead,
    )


class AssignedCode(Record):
    """A code that is reported, with the words that support it."""

    system: str = "ICD-10-CM"
    code: str
    title: str
    sequence: int = Field(ge=1)
    role: Role
    rationale: str = Field(min_length=1)
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    alternatives: tuple[Alternative, ...] = ()
    findings: tuple[Finding, ...] = ()
    poa: str | None = None
    confidence: float = Field(ge=0, le=1)


class ExcludedCode(Record):
    """A code that was considered and left out: why, under which rule, on which words."""

    system: str = "ICD-10-CM"
    code: str
    title: str
    reason: Reason
    citation: str = Field(min_length=1)
    explanation: str = Field(min_length=1)
    evidence: tuple[Evidence, ...] = ()
    decided_by: DecidedBy
    replaced_by: str | None = None


class Codeset(Record):
    """The edition of the code table that a coding was made with."""

    system: str
    edition: str
    effective: tuple[date, date]
    sha256: str


class Usage(Record):
    """What a coding cost; seconds of wall clock, and of these the seconds spent waiting for a model."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    model_seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """The sum of both, field by field."""
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            seconds=self.seconds + other.seconds,
            model_seconds=self.model_seconds + other.model_seconds,
        )


class Audit(Record):
    """What a coding was made with and from, so that it can be made again."""

    version: str
    engine: str
    model: str | None
    prompts: dict[str, str]
    codeset: Codeset
    documents: dict[str, str]
    settings: dict[str, str]
    usage: Usage
    started: str


class Coding(Record):
    """The result for one encounter: what is reported, what is not and why, and what it was made with."""

    encounter_id: str
    setting: Setting
    scope: Scope
    date_of_service: date | None
    codes: tuple[AssignedCode, ...]
    excluded: tuple[ExcludedCode, ...]
    findings: tuple[Finding, ...]
    rejected: tuple[Rejection, ...]
    audit: Audit
