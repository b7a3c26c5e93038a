"""Critique: a model weighs every candidate against the codes offered for it, and says why of all that it leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_lowercase
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from agent.codebook import CodeBook
from agent.config import OptionForm
from agent.prompts import Prompt
from agent.records import (
    Alternative,
    Candidate,
    DecidedBy,
    Document,
    Draft,
    Dropped,
    Finding,
    Kept,
    Reason,
    Relation,
    Scope,
    Setting,
    Verdict,
    dropped_by_rule,
)

Message = dict[str, str]

_AROUND = 90
"""Code points of the document shown on each side of a quote."""

_GUIDELINES = {
    Setting.OUTPATIENT: (
        "- Outpatient (IV): code to the highest certainty. A diagnosis that is only possible, probable, likely, "
        "suspected or to be "
        "ruled out is not reported (IV.H): exclude it as uncertain_outpatient and report the sign or symptom instead."
    ),
    Setting.INPATIENT: (
        "- Inpatient (II, III): a diagnosis documented at discharge as probable, suspected, likely or still to "
        "be ruled out is "
        "reported as if it existed (II.H, III.C). Additional diagnoses are those that were evaluated, treated, "
        "worked up, "
        "lengthened the stay or increased care (III); an inpatient stay may report many."
    ),
}


class Others(BaseModel):
    """Options that come close and are not taken."""

    model_config = ConfigDict(extra="forbid")

    options: Annotated[list[str], Field(min_length=1, description="their letters")]
    why_not: Annotated[str, Field(min_length=1)]


class Judged(BaseModel):
    """The decision on one item."""

    model_config = ConfigDict(extra="forbid")

    item: int
    decision: Literal["keep", "exclude"]
    option: Annotated[str | None, Field(description="the letter of the option that is kept; null when excluded")]
    reason: Annotated[
        Literal[
            "negated",
            "uncertain_outpatient",
            "historical",
            "family",
            "hypothetical",
            "integral_symptom",
            "excludes1",
            "not_reportable",
            "less_specific",
            "duplicate",
            "age_sex",
            "invalid_code",
        ]
        | None,
        Field(description="why it is excluded; null when kept"),
    ]
    citation: Annotated[str, Field(min_length=2, description="guideline section or tabular note, such as IV.J")]
    explanation: Annotated[str, Field(min_length=10, description="one or two sentences")]
    others: list[Others]
    rest: Annotated[str, Field(description="why none of the remaining options is taken")]


class Judgement(BaseModel):
    """A decision on every item, in order."""

    model_config = ConfigDict(extra="forbid")

    items: list[Judged]


class Option(NamedTuple):
    """A code that may be reported for an item, and the letter it is offered under."""

    letter: str
    alternative: Alternative


def options(candidate: Candidate, book: CodeBook) -> tuple[Option, ...]:
    """What may be reported for a candidate: its own code where it is valid and whole, then its alternatives."""
    own = book.get(candidate.code)
    offered = [a for a in candidate.alternatives if book.is_billable(a.code)]
    if own is not None and own.billable:
        offered.insert(0, Alternative(code=own.code, title=own.title, relation=Relation.PROPOSED))
    letters = [*ascii_lowercase, *(f"a{letter}" for letter in ascii_lowercase)]
    return tuple(Option(letter, alternative) for letter, alternative in zip(letters, offered, strict=False))


def critique_messages(
    prompt: Prompt, draft: Draft, findings: Sequence[Finding], book: CodeBook, form: OptionForm = OptionForm.TITLES
) -> list[Message]:
    """The messages of one critique call; each document stands byte for byte in a message of its own."""
    setting = draft.encounter.setting
    values = {"setting": setting.value}
    if draft.scope is Scope.CLAIM:
        values["guidelines"] = _GUIDELINES[setting]
    messages = [{"role": "system", "content": prompt.fill(**values)}]
    messages += [{"role": "user", "content": document.text} for document in draft.encounter.documents]
    objections = [finding for finding in findings if finding.reason is not None]
    items = "\n\n".join(
        "\n".join(_item(candidate, [f for f in objections if f.candidate == candidate.id], draft, book, form))
        for candidate in open_candidates(draft, findings)
    )
    messages.append({"role": "user", "content": f"The items:\n\n{items}"})
    return messages


def open_candidates(draft: Draft, findings: Sequence[Finding]) -> tuple[Candidate, ...]:
    """The candidates that a critic has a say in: those that no binding rule speaks against."""
    closed = {finding.candidate for finding in findings if finding.binding}
    return tuple(candidate for candidate in draft.candidates if candidate.id not in closed)


def _item(
    candidate: Candidate, findings: Sequence[Finding], draft: Draft, book: CodeBook, form: OptionForm
) -> Iterator[str]:
    yield f"Item {candidate.id}: {candidate.condition} ({candidate.assertion.value})"
    first = candidate.evidence[0]
    yield f"  {first.section}: {_in_context(draft.encounter.document(first.document), first.start, first.end)}"
    if candidate.managed:
        yield f"  managed: \u201c{_flat(candidate.managed[0].text)}\u201d"
    if candidate.cued is not None and candidate.cued is not candidate.assertion:
        yield f"  cue words say: {candidate.cued.value}"
    for finding in findings:
        yield f"  rule {finding.citation}: {finding.reason.value if finding.reason else finding.rule}"
    for option in options(candidate, book):
        shown = f"{option.alternative.code} " if form is OptionForm.CODES else ""
        yield f"  {option.letter}) {shown}{option.alternative.title}"


def _in_context(document: Document, start: int, end: int) -> str:
    before = document.text[max(0, start - _AROUND) : start]
    after = document.text[end : end + _AROUND]
    return _flat(f"\u2026{before}[[{document.text[start:end]}]]{after}\u2026")


def _flat(text: str) -> str:
    return " ".join(text.split())


def fault(judgement: Judgement, candidates: Sequence[Candidate], book: CodeBook) -> str | None:
    """What is wrong with an answer, in words that its writer can mend it by; None if nothing is.

    Every item is decided once, only offered options are kept, and an exclusion has its reason.
    """
    wanted = {candidate.id: candidate for candidate in candidates}
    decided = [judged.item for judged in judgement.items]
    missing = sorted(set(wanted) - set(decided))
    if missing:
        return f"items {missing} are not decided; decide every item"
    if len(decided) != len(set(decided)) or set(decided) - set(wanted):
        return f"items must be decided once each, and there are only items {sorted(wanted)}"
    for judged in judgement.items:
        letters = {option.letter for option in options(wanted[judged.item], book)}
        if judged.decision == "keep" and judged.option not in letters:
            return f"item {judged.item} keeps option {judged.option!r}, but it was offered only {sorted(letters)}"
        if judged.decision == "exclude" and judged.reason is None:
            return f"item {judged.item} is excluded without one of the listed reasons"
        unknown = {letter for group in judged.others for letter in group.options} - letters
        if unknown:
            return f"item {judged.item} speaks of options {sorted(unknown)}, but it was offered only {sorted(letters)}"
    return None


def read_verdicts(judgement: Judgement, draft: Draft, findings: Sequence[Finding], book: CodeBook) -> list[Verdict]:
    """What a model decided, as verdicts, and what binding rules decided without it; the answer has no fault."""
    by_item = {judged.item: judged for judged in judgement.items}
    against = {f.candidate: f for f in findings if f.binding}
    return [
        _verdict(candidate, by_item[candidate.id], book)
        if candidate.id in by_item
        else dropped_by_rule(candidate, against[candidate.id])
        for candidate in draft.candidates
    ]


def _verdict(candidate: Candidate, judged: Judged, book: CodeBook) -> Verdict:
    offered = {option.letter: option.alternative.code for option in options(candidate, book)}
    if judged.decision == "exclude" or judged.option is None:
        return Dropped(
            candidate=candidate.id,
            reason=Reason(judged.reason or "not_reportable"),
            citation=judged.citation,
            explanation=judged.explanation,
            decided_by=DecidedBy.CRITIC,
        )
    why = {offered[letter]: group.why_not for group in judged.others for letter in group.options}
    rest = judged.rest or "The documents support the reported code better."
    return Kept(
        candidate=candidate.id,
        code=offered[judged.option],
        rationale=judged.explanation,
        confidence=0.9 if candidate.managed else 0.7,
        why_not={alternative.code: why.get(alternative.code, rest) for alternative in candidate.alternatives}
        | ({candidate.code: why.get(candidate.code, rest)} if offered[judged.option] != candidate.code else {}),
        citation=judged.citation,
    )
