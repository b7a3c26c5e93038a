"""Suite files: one encounter with its gold, as a TOML file that a coder writes by hand.

::

    about = "one line: what this encounter is and what it tests"
    setting = "inpatient"                 # or "outpatient"
    specialty = "cardiology"
    date_of_service = 2026-05-04          # of a stay the discharge date
    patient = { age = 71, sex = "male" }
    traps = ["copied_forward"]            # names of evals/traps.tsv

    [[documents]]
    id = "discharge_summary"
    text = '''
    the note as it would be typed: nothing in it is escaped, and it can't hold three single quotes
    '''

    [[codes]]                             # in claim order: the first is first-listed or principal
    code = "I50.23"
    quotes = ["words of the document, letter for letter", "more words that support the code"]
    document = "discharge_summary"        # may be left out where there is one document
    poa = "Y"                             # of a stay alone: Y, N, U, W or exempt

    [[exclusions]]                        # what a reader might well report and must not
    code = "I48.91"
    reason = "historical"
    quotes = ["history of atrial fibrillation"]
    document = "discharge_summary"
    why = "one sentence, with the guideline section or tabular note that it rests on"
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from agent.ground import Grounder, Miss
from agent.records import Chunk, Document, Encounter, Patient, Reason, Record, Setting
from agent.tables import read_rows
from evals.cases import Case, GoldCode, GoldExclusion, Span, dotted
from evals.places import Key, Places, read_places
from evals.problems import Problem, plain

_ABOUT_PROPOSALS = frozenset(
    (Reason.UNSUPPORTED_QUOTE, Reason.INVALID_CODE, Reason.NOT_BILLABLE, Reason.NOT_VALID_ON_DATE)
)
"""Reasons that speak of what an engine proposed, which gold can't know."""

GOLD_REASONS = tuple(reason for reason in Reason if reason not in _ABOUT_PROPOSALS)


@cache
def traps() -> tuple[str, ...]:
    """The names of what an encounter may test; from `evals/traps.tsv`."""
    return tuple(row["trap"] for row in read_rows("evals", "traps.tsv"))


def _trap(value: object) -> object:
    if isinstance(value, str) and value not in traps():
        raise ValueError(f"{value!r} is no trap;{_meant(value, traps())} the traps are {', '.join(traps())}")
    return value


def _reason(value: object) -> object:
    names = [reason.value for reason in GOLD_REASONS]
    if value not in names:
        raise ValueError(
            f"{value!r} is no reason of gold;{_meant(str(value), names)} the reasons are {', '.join(names)}"
        )
    return value


def _code(value: object) -> object:
    if isinstance(value, str) and value and value != dotted(value):
        raise ValueError(f"{value!r} is not how the edition writes a code; write {dotted(value)!r}")
    return value


_Text = Annotated[str, Field(min_length=1)]
_CodeText = Annotated[str, Field(min_length=1), BeforeValidator(_code)]
_Quotes = Annotated[tuple[_Text, ...], Field(min_length=1)]


class _Document(Record):
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    text: _Text


class _Code(Record):
    code: _CodeText
    quotes: _Quotes
    document: str | None = None
    poa: Literal["Y", "N", "U", "W", "exempt"] | None = None


class _Exclusion(Record):
    code: _CodeText
    reason: Annotated[Reason, BeforeValidator(_reason)]
    quotes: _Quotes
    document: str | None = None
    why: _Text


class _Patient(Record):
    age: Annotated[int, Field(ge=0, le=130, strict=True)] | None = None
    sex: Literal["female", "male"] | None = None


class _File(Record):
    about: _Text
    setting: Literal["outpatient", "inpatient"]
    specialty: str = ""
    date_of_service: Annotated[date, Field(strict=True)]
    patient: _Patient = _Patient()
    traps: tuple[Annotated[str, BeforeValidator(_trap)], ...] = ()
    documents: Annotated[tuple[_Document, ...], Field(min_length=1)]
    codes: tuple[_Code, ...]
    exclusions: tuple[_Exclusion, ...] = ()


def read_encounter(file: Path, problems: list[Problem]) -> Case | None:
    """The case in a TOML file; None if it has problems, which are added to `problems`."""
    try:
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        problems.append(Problem(str(file), 0, f"can't be read ({error.strerror}); mend that and try again"))
        return None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.append(Problem(str(file), line, "a byte that is not UTF-8; save the file as UTF-8"))
        return None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(_malformed(file, text, str(error)))
        return None
    places = read_places(text)
    try:
        read = _File.model_validate(table)
    except ValidationError as error:
        problems.extend(_wrong_fields(file, places, error))
        return None
    return _Reading(file, read, places, problems).case()


class _Reading:
    """One file on its way to a case, with what is wrong with it."""

    def __init__(self, file: Path, read: _File, places: Places, problems: list[Problem]) -> None:
        self.file, self.read, self.places, self.problems = file, read, places, problems
        self.texts = {document.id: document.text for document in read.documents}

    def case(self) -> Case | None:
        before = len(self.problems)
        read = self.read
        self._same_documents()
        codes = []
        for number, code in enumerate(read.codes):
            key: Key = ("codes", number)
            if code.poa is not None and read.setting == "outpatient":
                self._say((*key, "poa"), "only a stay has POA; take it out or make the setting inpatient")
            codes.append(GoldCode(code=code.code, evidence=self._evidence(key, code), poa=code.poa))
        exclusions = [
            GoldExclusion(code=e.code, reason=e.reason, evidence=self._evidence(("exclusions", n), e), why=e.why)
            for n, e in enumerate(read.exclusions)
        ]
        self._same_codes()
        if len(self.problems) > before:
            return None
        try:
            return Case(
                encounter=Encounter(
                    id=self.file.stem,
                    setting=Setting(read.setting),
                    documents=tuple(Document(id=d.id, text=d.text) for d in read.documents),
                    date_of_service=read.date_of_service,
                    patient=Patient.model_validate(read.patient.model_dump()),
                ),
                codes=tuple(codes),
                exclusions=tuple(exclusions),
                ordered=True,
                tags=read.traps,
                specialty=read.specialty,
                about=read.about,
            )
        except ValidationError as error:
            self._say((), plain(error))
            return None

    def _say(self, key: Key, message: str, *, line: int = 0) -> None:
        self.problems.append(Problem(str(self.file), line or self.places.line(key), message))

    def _same_documents(self) -> None:
        seen: set[str] = set()
        for number, document in enumerate(self.read.documents):
            if document.id in seen:
                self._say(("documents", number, "id"), f"a second document {document.id!r}; give each its own id")
            seen.add(document.id)

    def _same_codes(self) -> None:
        seen: set[str] = set()
        for number, code in enumerate(self.read.codes):
            if code.code in seen:
                self._say(("codes", number, "code"), f"a second entry for {code.code}; put all its quotes into one")
            seen.add(code.code)
        for number, exclusion in enumerate(self.read.exclusions):
            if exclusion.code in seen:
                self._say(
                    ("exclusions", number, "code"),
                    f"{exclusion.code} stands among the codes too; take it out of one of them",
                )

    def _evidence(self, key: Key, entry: _Code | _Exclusion) -> tuple[Span, ...]:
        names = list(self.texts)
        if entry.document is None and len(names) > 1:
            self._say(
                key, f"{entry.code} does not say where its quotes stand; add document = one of {', '.join(names)}"
            )
            return ()
        name = entry.document or names[0]
        if name not in self.texts:
            self._say(
                (*key, "document"), f"there is no document {name!r};{_meant(name, names)} there are {', '.join(names)}"
            )
            return ()
        spans = []
        for quote in entry.quotes:
            at = self.texts[name].find(quote)
            if at >= 0:
                spans.append(Span(document=name, start=at, end=at + len(quote)))
                continue
            line = self.places.words((*key, "quotes"), quote)
            self._say(
                key, f"{entry.code}: {quote!r} is not in {name!r} letter for letter{self._near(name, quote)}", line=line
            )
        return tuple(spans)

    def _near(self, name: str, quote: str) -> str:
        """Where the quote stands instead, or what comes nearest to it in its document."""
        for other, text in self.texts.items():
            if other != name and quote in text:
                return f"; it is in {other!r}: correct document"
        passage = nearest(Document(id=name, text=self.texts[name]), quote)
        return f"; the nearest is {passage!r}: copy the words from the text" if passage else "; nothing comes near it"


def nearest(document: Document, quote: str) -> str:
    """The passage of a document that comes nearest to a quote; empty where nothing does."""
    whole = Chunk(document=document.id, index=0, start=0, end=len(document.text), context=0, sections=())
    found = Grounder(document).locate(quote, whole)
    if not isinstance(found, Miss):
        return found[0].text
    return found.nearest.text if found.nearest else ""


def _malformed(file: Path, text: str, message: str) -> Problem:
    at = re.search(r"\(at line (\d+), column \d+\)", message)
    line = int(at.group(1)) if at else text.count("\n") + 1
    said = message.split(" (at ")[0]
    return Problem(
        str(file),
        line,
        f"not TOML: {said[:1].lower()}{said[1:]}; look at this line, and for a text or bracket left open",
    )


def _wrong_fields(file: Path, places: Places, error: ValidationError) -> Iterator[Problem]:
    for one in error.errors():
        key: Key = tuple(one["loc"])
        yield Problem(str(file), places.line(key), _in_words(key, one["type"], one["msg"], one["input"]))


def _in_words(key: Key, kind: str, message: str, given: Any) -> str:
    name = ".".join(str(part) if isinstance(part, str) else f"{part + 1}" for part in key)
    keys = _keys_at(key[:-1])
    if kind == "missing":
        return f"{name} is missing; add it"
    if kind == "extra_forbidden":
        return f"{name} is no key here;{_meant(str(key[-1]), keys)} the keys are {', '.join(keys)}"
    said = message.removeprefix("Value error, ")
    if message.startswith("Value error, "):
        return f"{name}: {said}"
    return f"{name} = {str(given)[:60]!r} can't be used: {said[:1].lower()}{said[1:]}; correct it"


def _keys_at(key: Key) -> tuple[str, ...]:
    tables: dict[str | int, type[Record]] = {
        "documents": _Document,
        "codes": _Code,
        "exclusions": _Exclusion,
        "patient": _Patient,
    }
    return tuple(tables.get(key[0], _File).model_fields if key else _File.model_fields)


def _meant(given: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(given, known, n=1)
    return f" perhaps {near[0]!r} is meant;" if near else ""
