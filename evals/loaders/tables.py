"""Tables: a user's own labelled notes, as JSON lines, Parquet or CSV, one encounter a row.

| column | what it holds |
|---|---|
| `id` | the encounter's name, unique |
| `text` | the note; or else: |
| `documents` | several: `{"discharge_summary": "...", "hp": "..."}` or `[{"id": "hp", "text": "..."}, ...]` |
| `setting` | `outpatient` or `inpatient`; may be left out where the caller gives one for all |
| `date_of_service` | as 2026-05-04; may be left out |
| `codes` | a list, or one text with blanks, commas, semicolons or bars between the codes; dots may be left out |
| `evidence` | may be left out: a list of `{"code", "document", "start", "end"}` or `{"code", "document", "quote"}` |
| `age`, `sex` | may be left out |
| `ordered` | whether the first code is first-listed or principal; false where left out |

`start` and `end` are code points from 0, the end not included; `document` may be left out where there is one, which is
called `note` if it came as `text`. In CSV (UTF-8, commas, double quotes, a header), lists and objects are JSON texts.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from agent.records import Document, Encounter, Patient, Record, Setting, Sex
from evals.cases import Case, Span, dotted
from evals.loaders.intake import Intake, Mentions
from evals.problems import GoldError, Problem, plain

KINDS = (".jsonl", ".parquet", ".csv")
_NOTE = "note"
_BETWEEN = re.compile(r"[\s,;|]+")
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")


def _unpacked(value: object) -> object:
    """What a JSON text holds; other values as they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from None


def _documents(value: object) -> object:
    value = _unpacked(value)
    return [{"id": name, "text": text} for name, text in value.items()] if isinstance(value, dict) else value


def _codes(value: object) -> object:
    if isinstance(value, str):
        value = json.loads(value) if value.lstrip().startswith("[") else [c for c in _BETWEEN.split(value) if c]
    return [dotted(code) if isinstance(code, str) else code for code in value] if isinstance(value, list) else value


def _name(value: object) -> object:
    return str(value) if isinstance(value, int) else value


class _Evidence(Record):
    code: Annotated[str, Field(min_length=1)]
    document: str | None = None
    start: int | None = None
    end: int | None = None
    quote: str | None = None


class _Row(Record):
    id: Annotated[str, Field(min_length=1), BeforeValidator(_name)]
    text: str | None = None
    documents: Annotated[tuple[Document, ...], BeforeValidator(_documents)] = ()
    setting: Setting | None = None
    date_of_service: date | None = None
    codes: Annotated[tuple[str, ...], BeforeValidator(_codes)] = ()
    evidence: Annotated[tuple[_Evidence, ...], BeforeValidator(_unpacked)] = ()
    age: Annotated[int, Field(ge=0, le=130)] | None = None
    sex: Sex | None = None
    ordered: bool = False


def load_table(path: Path, *, setting: Setting | None = None) -> tuple[Case, ...]:
    """The cases of a `.jsonl`, `.parquet` or `.csv` file; `setting` is that of rows which say none.

    Raises:
        GoldError: what is wrong with the file, each with its line (in Parquet, its row).
    """
    intake = Intake()
    if path.suffix == ".jsonl":
        rows = intake.objects(path)
    elif path.suffix in KINDS:
        rows = _table(path)
    else:
        raise GoldError([Problem(str(path), 0, f"is none of {', '.join(KINDS)}; save it as one of them")])
    cases: dict[str, Case] = {}
    for number, row in rows:
        said = len(intake.problems)
        case = _case(intake, path, number, row, setting)
        if case is not None and len(intake.problems) == said:
            if case.encounter.id in cases:
                intake.say(path, number, f"a second encounter {case.encounter.id!r}; give each its own id")
            cases[case.encounter.id] = case
    if path.suffix == ".parquet":
        intake.problems = [Problem(p.path, 0, f"row {p.line}: {p.message}") for p in intake.problems]
    elif path.suffix == ".csv" and intake.problems:
        starts = _row_lines(path)
        intake.problems = [Problem(p.path, starts[p.line - 1], p.message) for p in intake.problems]
    intake.done()
    return tuple(cases.values())


def _case(intake: Intake, path: Path, number: int, cells: dict[str, Any], setting: Setting | None) -> Case | None:
    unknown = sorted(cells.keys() - _Row.model_fields.keys())
    if unknown:
        known = ", ".join(_Row.model_fields)
        intake.say(path, number, f"no such column: {', '.join(unknown)}; rename or drop it. The columns are {known}")
        return None
    try:
        row = _Row.model_validate({name: cell for name, cell in cells.items() if cell is not None})
    except ValidationError as error:
        intake.say(path, number, f"{plain(error)}; correct it")
        return None
    if (row.text is None) == (not row.documents):
        intake.say(path, number, f"{row.id} has {'no' if row.text is None else 'both'} text and documents; give one")
        return None
    if row.setting is None and setting is None:
        intake.say(path, number, f"{row.id} has no setting; add the column, or give one setting for all")
        return None
    documents = row.documents or (Document(id=_NOTE, text=row.text or ""),)
    mentions = Mentions()
    for code in row.codes:
        mentions.add(code)
    for one in row.evidence:
        span = _span(intake, path, number, one, documents)
        code = dotted(one.code)
        if code not in mentions:
            intake.say(path, number, f"{row.id}: {code} has evidence and is not among the codes; add it or take it out")
        elif span is not None:
            mentions.add(code, [span])
    try:
        encounter = Encounter(
            id=row.id,
            setting=row.setting or setting or Setting.OUTPATIENT,
            documents=documents,
            date_of_service=row.date_of_service,
            patient=Patient(age=row.age, sex=row.sex),
        )
    except ValidationError as error:
        intake.say(path, number, f"{row.id}: {plain(error)}")
        return None
    return intake.case(path, number, encounter, mentions.codes(), ordered=row.ordered)


def _span(intake: Intake, path: Path, number: int, one: _Evidence, documents: tuple[Document, ...]) -> Span | None:
    texts = {document.id: document.text for document in documents}
    name = one.document or (documents[0].id if len(documents) == 1 else "")
    if name not in texts:
        intake.say(path, number, f"evidence of {one.code} in {name!r}; the documents are {', '.join(texts)}")
        return None
    start, end = one.start, one.end
    if one.quote is not None:
        start = texts[name].find(one.quote)
        end = start + len(one.quote)
        if start < 0:
            intake.say(path, number, f"{one.code}: {one.quote!r} is not in {name!r} letter for letter; copy it again")
            return None
    if start is None or end is None or not 0 <= start < end <= len(texts[name]):
        intake.say(
            path, number, f"{one.code} has evidence from {start} to {end} of {name!r}, which ends at {len(texts[name])}"
        )
        return None
    return Span(document=name, start=start, end=end)


def _table(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a Parquet or CSV file, numbered from 1."""
    import duckdb

    try:
        with duckdb.connect() as connection:
            if path.suffix == ".parquet":
                found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
            else:
                found = connection.execute(f"SELECT * FROM {csv_source(path)}", [str(path)])
            names = [column[0] for column in found.description or ()]
            rows = found.fetchall()
    except duckdb.Error as error:
        raise GoldError([unreadable(path, str(error))]) from None
    for number, row in enumerate(rows, start=1):
        yield number, dict(zip(names, row, strict=True))


def csv_source(path: Path) -> str:
    """What DuckDB reads a CSV file with, every cell as text and none changed; its one parameter is the path.

    Raises:
        GoldError: the file can't be opened, or has no header.
    """
    header = next(_csv_rows(path), (0, []))[1]
    if not header or not all(header):
        raise GoldError([Problem(str(path), 1, "no header with the names of the columns; add one")])
    columns = ", ".join("'" + name.replace("'", "''") + "': 'VARCHAR'" for name in header)
    return (
        "read_csv(?, auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
        f"strict_mode = true, parallel = false, max_line_size = 100000000, columns = {{{columns}}})"
    )


def unreadable(path: Path, message: str) -> Problem:
    """What DuckDB says of a file that it can't read, with the line where it names one."""
    at = _CSV_LINE.search(message)
    first = message.splitlines()[0]
    return Problem(str(path), int(at.group(1)) if at else 0, f"can't be read: {first}; save it again in its own form")


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file, its header first, each with the number of its first line."""
    csv.field_size_limit(2**31 - 1)
    try:
        with _opened(path) as file:
            reader = csv.reader(file)
            before = 0
            for row in reader:
                if row:
                    yield before + 1, row
                before = reader.line_num
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GoldError([Problem(str(path), 0, f"can't be read ({error}); save it as CSV in UTF-8")]) from None


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _row_lines(path: Path) -> list[int]:
    return [line for line, _ in _csv_rows(path)][1:]
