"""MDACE: MIMIC-III notes with codes and the words that support them (Cheng et al., ACL 2023).

The published folders hold labels without text: `Inpatient/ICD-10/1.0/*.json` and `Profee/ICD-10/1.0/*.json`, one file a
stay with `hadm_id` and `notes`, each of `note_id`, `category`, `description` and `annotations` of `begin`, `end`,
`code`, `code_system`; a file of one note has `note_id` and `annotations` at its top. Offsets are code points of the
note's text, the end not included.

The text is the user's own, under the MIMIC licence: the column TEXT of `NOTEEVENTS.csv` (or `.csv.gz`) where ROW_ID is
the `note_id`. A note that holds its `text` already, as the publisher's script writes it, needs no table.

Facility coding of stays is inpatient. Professional fees are coded by the guidelines for outpatient services and
providers (section IV), so outpatient.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.records import Document, Encounter, Setting
from evals.cases import Case, Span, dotted
from evals.loaders.intake import Intake, Mentions
from evals.loaders.tables import csv_source, unreadable
from evals.problems import GoldError, Problem, plain

Part = Literal["inpatient", "profee"]
_SETTINGS = {"inpatient": Setting.INPATIENT, "profee": Setting.OUTPATIENT}
_SYSTEM = "ICD-10-CM"

_Id = Annotated[str, BeforeValidator(str)]


class _Published(BaseModel):
    """Fields that are published and not used here are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Annotation(_Published):
    begin: int = Field(ge=0)
    end: int = Field(gt=0)
    code: str = Field(min_length=1)
    code_system: str = _SYSTEM


class _Note(_Published):
    note_id: _Id
    category: str = ""
    text: str | None = None
    annotations: tuple[_Annotation, ...]


class _Stay(_Published):
    hadm_id: _Id
    notes: tuple[_Note, ...] = Field(min_length=1)


class _Read(NamedTuple):
    """A file and the stay in it."""

    path: Path
    stay: _Stay


def load_mdace(data: Path, *, part: Part = "inpatient", text: Path | None = None) -> tuple[Case, ...]:
    """The stays of a part, with their ICD-10-CM codes and evidence.

    Args:
        data: the folder that holds `Inpatient/` and `Profee/`, or a folder of the JSON files themselves.
        part: facility coding or professional fees.
        text: the table of notes; `NOTEEVENTS.csv` or `NOTEEVENTS.csv.gz` in `data` if None.

    Raises:
        GoldError: what is wrong with the files, each with its line.
    """
    intake = Intake()
    read = [_Read(path, stay) for path in _files(data, part) for stay in _stays(intake, path)]
    intake.done()
    wanted = {note.note_id for _, stay in read for note in stay.notes if note.text is None}
    texts = _texts(text or _table_in(data), wanted) if wanted else {}
    cases = []
    for path, stay in read:
        case = _case(intake, path, stay, texts, _SETTINGS[part])
        if case is not None:
            cases.append(case)
    intake.done()
    return tuple(cases)


def _files(data: Path, part: Part) -> list[Path]:
    folders = [p for p in sorted(data.glob("*")) if p.is_dir() and p.name.lower() == part]
    folders += [p for p in sorted(data.glob("*/*")) if p.is_dir() and p.name.lower() == part]
    for folder in [*folders, data]:
        files = sorted(folder.rglob("*.json"))
        # Where the labels were published in both systems, those of the other are not codes of this edition.
        files = [file for file in files if "ICD-9" not in file.parts]
        if files:
            return files
    raise GoldError(
        [Problem(str(data), 0, f"no JSON files of {part}; name the folder that holds Inpatient and Profee")]
    )


def _stays(intake: Intake, path: Path) -> Iterator[_Stay]:
    whole = intake.text(path)
    if not whole:
        return
    try:
        value: Any = json.loads(whole)
    except json.JSONDecodeError as error:
        intake.say(path, error.lineno, f"not JSON: {error.msg} at column {error.colno}; fetch the file again")
        return
    if isinstance(value, dict) and "notes" not in value and "annotations" in value:
        value = {"hadm_id": value.get("hadm_id") or path.stem, "notes": [value]}
    try:
        yield _Stay.model_validate(value)
    except ValidationError as error:
        intake.say(path, 1, f"{plain(error)}; the file is not in the published form")


def _table_in(data: Path) -> Path:
    for name in ("NOTEEVENTS.csv", "NOTEEVENTS.csv.gz"):
        if (data / name).is_file():
            return data / name
    raise GoldError(
        [Problem(str(data), 0, "the labels hold no text; put MIMIC-III's NOTEEVENTS.csv there, or name it")]
    )


def _texts(path: Path, wanted: set[str]) -> dict[str, str]:
    """The texts of the notes that are wanted, by ROW_ID, from a table of all of MIMIC's notes."""
    import duckdb

    if not path.is_file():
        raise GoldError([Problem(str(path), 0, "no such file; name MIMIC-III's NOTEEVENTS.csv")])
    try:
        with duckdb.connect() as connection:
            found = connection.execute(
                f"SELECT ROW_ID, TEXT FROM {csv_source(path)} WHERE list_contains(?, ROW_ID)", [str(path), list(wanted)]
            ).fetchall()
    except duckdb.BinderException:
        raise GoldError(
            [Problem(str(path), 1, "no columns ROW_ID and TEXT; name MIMIC-III's NOTEEVENTS.csv")]
        ) from None
    except duckdb.Error as error:
        raise GoldError([unreadable(path, str(error))]) from None
    return {row: text or "" for row, text in found}


def _case(intake: Intake, path: Path, stay: _Stay, texts: dict[str, str], setting: Setting) -> Case | None:
    documents = []
    mentions = Mentions()
    for note in stay.notes:
        text = note.text if note.text is not None else texts.get(note.note_id)
        if not text:
            intake.say(
                path, 1, f"note {note.note_id} has no text in the table of notes; take the table of MIMIC-III 1.4"
            )
            continue
        documents.append(Document(id=note.note_id, text=text))
        for one in note.annotations:
            if one.code_system != _SYSTEM:
                continue
            if one.begin < one.end <= len(text):
                mentions.add(dotted(one.code), [Span(document=note.note_id, start=one.begin, end=one.end)])
            else:
                line = _line_of(path, one.begin, one.end)
                message = f"{one.code} has evidence from {one.begin} to {one.end} of note {note.note_id}"
                intake.say(
                    path, line, f"{message}, which ends at {len(text)}; the text is not the one that was labelled"
                )
    if not documents:
        return None
    try:
        encounter = Encounter(id=stay.hadm_id, setting=setting, documents=tuple(documents))
    except ValidationError as error:
        intake.say(path, 1, f"{stay.hadm_id}: {plain(error)}")
        return None
    return intake.case(path, 1, encounter, mentions.codes())


def _line_of(path: Path, begin: int, end: int) -> int:
    """The line on which an annotation of these bounds begins; 1 where they are not written as expected."""
    text = path.read_text(encoding="utf-8")
    found = re.search(rf'"begin"\s*:\s*{begin}\b[^{{}}]*"end"\s*:\s*{end}\b', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
