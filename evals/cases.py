"""Cases: encounters with the codes that people gave them, and suites of them; what every run is judged against.

Codes are dotted and in capitals, as the edition writes them. Spans are half-open code points into a document, as in
`agent.records`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from agent.records import Encounter, Reason, Record, Scope
from evals.problems import GoldError, Problem, plain


class Span(Record):
    """A passage of a document that people marked."""

    document: str
    start: int = Field(ge=0)
    end: int = Field(gt=0)

    @model_validator(mode="after")
    def _holds_something(self) -> Span:
        if self.end <= self.start:
            raise ValueError(f"a span from {self.start} to {self.end} holds nothing; its end comes after its start")
        return self


class GoldCode(Record):
    """A code that is right for the encounter; `poa` is Y, N, U, W or exempt, of stays alone."""

    code: str = Field(min_length=1)
    evidence: tuple[Span, ...] = ()
    poa: str | None = None


class GoldExclusion(Record):
    """A code that a reader might well report and must not: for what reason, on which words, by which guideline."""

    code: str = Field(min_length=1)
    reason: Reason
    evidence: tuple[Span, ...] = ()
    why: str = ""


class Case(Record):
    """An encounter and its gold.

    `ordered` says that the order of the codes is meant: the first is first-listed or principal. `tags` are what it
    tests (its traps); `about` is one line for people.
    """

    encounter: Encounter
    codes: tuple[GoldCode, ...]
    exclusions: tuple[GoldExclusion, ...] = ()
    ordered: bool = False
    tags: tuple[str, ...] = ()
    specialty: str = ""
    about: str = ""

    @property
    def gold(self) -> frozenset[str]:
        """The right codes as a set."""
        return frozenset(code.code for code in self.codes)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Case:
        lengths = {document.id: len(document.text) for document in self.encounter.documents}
        marked = [(code.code, code.evidence) for code in self.codes]
        marked += [(exclusion.code, exclusion.evidence) for exclusion in self.exclusions]
        for code, spans in marked:
            for span in spans:
                if span.document not in lengths:
                    raise ValueError(
                        f"{code} has evidence in {span.document!r}, and the encounter has no such document; its "
                        f"documents are {', '.join(lengths)}"
                    )
                if span.end > lengths[span.document]:
                    raise ValueError(
                        f"{code} has evidence from {span.start} to {span.end} in {span.document!r}, which ends at "
                        f"{lengths[span.document]}; correct the offsets (code points, from 0)"
                    )
        twice = repeated(code.code for code in self.codes)
        if twice:
            raise ValueError(f"{twice} stands among the codes twice; put all its evidence into one entry")
        both = sorted(self.gold & {exclusion.code for exclusion in self.exclusions})
        if both:
            raise ValueError(f"{both[0]} is both a right code and an exclusion; take one of them out")
        return self


class Suite(Record):
    """Cases that are run and judged together; `source` says where they are from, `sha256` is of all that they hold."""

    name: str = Field(min_length=1)
    scope: Scope
    cases: tuple[Case, ...] = Field(min_length=1)
    sha256: str
    source: str

    @model_validator(mode="after")
    def _has_every_encounter_once(self) -> Suite:
        twice = repeated(case.encounter.id for case in self.cases)
        if twice:
            raise ValueError(f"two encounters are called {twice!r}; give each its own id")
        return self


def make_suite(name: str, scope: Scope, cases: Iterable[Case], source: Path | str) -> Suite:
    """The suite of `cases`, with the fingerprint of everything in them.

    Raises:
        GoldError: there are none, or two encounters have one id.
    """
    kept = tuple(cases)
    digest = hashlib.sha256(scope.value.encode())
    for case in kept:
        digest.update(b"\n" + case.model_dump_json().encode("utf-8", "surrogatepass"))
    if not kept:
        raise GoldError([Problem(str(source), 0, "there are no encounters in it; name another file or folder")])
    try:
        return Suite(name=name, scope=scope, cases=kept, sha256=digest.hexdigest(), source=str(source))
    except ValidationError as error:
        raise GoldError([Problem(str(source), 0, plain(error))]) from None


def dotted(code: str) -> str:
    """A diagnosis code as the edition writes it, from any case, with or without its dot."""
    bare = code.strip().upper().replace(".", "")
    return bare if len(bare) <= 3 else f"{bare[:3]}.{bare[3:]}"


def repeated(names: Iterable[str]) -> str | None:
    """The first name that comes a second time; None if there is none."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
