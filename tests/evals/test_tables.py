"""Tables of a user's own notes: the same rows as JSON lines, Parquet and CSV, and what is wrong with one."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from agent.records import Setting, Sex
from evals.cases import Case
from evals.loaders import load_table
from evals.problems import GoldError

TEXT = 'ASSESSMENT\r\n"Gout", left foot.\n\n\tHypertension.'
ROWS: list[dict[str, Any]] = [
    {
        "id": "a",
        "text": TEXT,
        "setting": "outpatient",
        "date_of_service": "2026-05-04",
        "codes": ["M10.9", "i10"],
        "evidence": [
            {"code": "M10.9", "start": 13, "end": 17},
            {"code": "I10", "quote": "Hypertension", "document": "note"},
        ],
        "age": 61,
        "sex": "male",
        "ordered": True,
    },
    {
        "id": "b",
        "documents": {"hp": "Cough.", "summary": "Pneumonia."},
        "setting": "inpatient",
        "codes": ["J18.9"],
        "evidence": [{"code": "J18.9", "document": "summary", "start": 0, "end": 9}],
    },
]


def jsonl(folder: Path, rows: list[Any]) -> Path:
    path = folder / "notes.jsonl"
    path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in rows), encoding="utf-8")
    return path


def as_csv(folder: Path, rows: list[dict[str, Any]], mark: str = "") -> Path:
    path = folder / "notes.csv"
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(mark)
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {name: cell if isinstance(cell, str | int) else json.dumps(cell) for name, cell in row.items()}
            )
    return path


def parquet(folder: Path, rows: list[Any]) -> Path:
    path = folder / "notes.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_json('{jsonl(folder, rows)}')) TO '{path}'")
    return path


def check(cases: tuple[Case, ...]) -> None:
    first, second = cases
    assert first.encounter.id == "a" and first.encounter.documents[0].text == TEXT and first.ordered
    assert first.encounter.date_of_service == date(2026, 5, 4) and first.encounter.patient.age == 61
    assert first.encounter.patient.sex is Sex.MALE and [code.code for code in first.codes] == ["M10.9", "I10"]
    assert [TEXT[s.start : s.end] for code in first.codes for s in code.evidence] == ["Gout", "Hypertension"]
    assert second.encounter.setting is Setting.INPATIENT and not second.ordered
    assert [document.id for document in second.encounter.documents] == ["hp", "summary"]
    assert second.codes[0].evidence[0].document == "summary"


def test_json_lines(tmp_path: Path) -> None:
    check(load_table(jsonl(tmp_path, ROWS)))


def test_csv_keeps_every_character(tmp_path: Path) -> None:
    check(load_table(as_csv(tmp_path, ROWS)))
    check(load_table(as_csv(tmp_path, ROWS, mark="\ufeff")))


def test_parquet_with_lists_and_objects(tmp_path: Path) -> None:
    # A column of documents has one type in Parquet: a list of objects, as the JSON form allows too.
    rows = [ROWS[0], {**ROWS[1], "documents": [{"id": k, "text": v} for k, v in ROWS[1]["documents"].items()]}]
    check(load_table(parquet(tmp_path, rows)))


def test_codes_in_one_text_and_a_setting_for_all(tmp_path: Path) -> None:
    rows = [
        {"id": n, "text": "x", "codes": text} for n, text in enumerate(("I10;E119", "I10, E11.9", '["I10", "E11.9"]'))
    ]
    cases = load_table(jsonl(tmp_path, rows), setting=Setting.INPATIENT)
    assert {tuple(code.code for code in case.codes) for case in cases} == {("I10", "E11.9")}
    assert cases[0].encounter.setting is Setting.INPATIENT and cases[2].encounter.id == "2"
    assert load_table(jsonl(tmp_path, [{"id": "a", "text": "x"}]), setting=Setting.INPATIENT)[0].codes == ()


WRONG = [
    ({"diagnosis": "x"}, "no such column: diagnosis; rename or drop it"),
    ({"id": ""}, "id: String should have at least 1 character; correct it"),
    ({"setting": "home"}, "setting: Input should be 'outpatient' or 'inpatient'"),
    ({"setting": None}, "a has no setting; add the column, or give one setting for all"),
    ({"date_of_service": "May"}, "date_of_service: Input should be a valid date"),
    ({"text": None}, "a has no text and documents; give one"),
    ({"documents": {"x": "y"}}, "a has both text and documents; give one"),
    ({"text": None, "documents": "x: y"}, "documents: not JSON: Expecting value at column 1"),
    ({"codes": [1]}, "codes.0: Input should be a valid string"),
    ({"evidence": [{"code": "Z94.0", "start": 0, "end": 1}]}, "a: Z94.0 has evidence and is not among the codes"),
    (
        {"evidence": [{"code": "I10", "start": 0, "end": 999}]},
        "I10 has evidence from 0 to 999 of 'note', which ends at 46",
    ),
    ({"evidence": [{"code": "I10"}]}, "I10 has evidence from None to None of 'note'"),
    ({"evidence": [{"code": "I10", "quote": "asthma"}]}, "I10: 'asthma' is not in 'note' letter for letter"),
    (
        {"evidence": [{"code": "I10", "document": "x", "quote": "Gout"}]},
        "evidence of I10 in 'x'; the documents are note",
    ),
    (
        {"text": None, "documents": [{"id": "d", "text": "x"}, {"id": "d", "text": "y"}], "evidence": []},
        "two documents of one encounter have the same id",
    ),
]


@pytest.mark.parametrize(("changed", "said"), WRONG)
def test_each_way_to_be_wrong(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    path = jsonl(tmp_path, [ROWS[1], "", ROWS[0] | changed])
    with pytest.raises(GoldError) as caught:
        load_table(path)
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(f"{path}:3: ") and said in str(caught.value)


def test_an_id_that_comes_twice(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"notes\.jsonl:3: a second encounter 'a'"):
        load_table(jsonl(tmp_path, [*ROWS, ROWS[0]]))


def test_lines_of_csv_and_rows_of_parquet(tmp_path: Path) -> None:
    rows = [ROWS[0], {"id": "b", "text": "x", "setting": "home", "codes": ["I10"]}]
    with pytest.raises(GoldError, match=r"notes\.csv:6: setting: Input"):  # the first row's text has four lines
        load_table(as_csv(tmp_path, rows))
    with pytest.raises(GoldError, match=r"notes\.parquet: row 2: setting: Input"):
        load_table(parquet(tmp_path, rows))


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match=r"is none of \.jsonl, \.parquet, \.csv; save it as one of them"):
        load_table(tmp_path / "notes.xlsx")
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        with pytest.raises(GoldError, match=rf"{name}: can't be read"):
            load_table(tmp_path / name)
    broken = tmp_path / "broken.csv"
    broken.write_text('id,text,codes\na,x,I10\nb,"y"z",I10\n', encoding="utf-8")
    with pytest.raises(GoldError, match=r"broken\.csv:3: can't be read: "):
        load_table(broken)
    broken.write_text("", encoding="utf-8")
    with pytest.raises(GoldError, match=r"broken\.csv:1: no header"):
        load_table(broken)
    broken.with_suffix(".parquet").write_bytes(b"PAR1")
    with pytest.raises(GoldError, match=r"broken\.parquet: can't be read: "):
        load_table(broken.with_suffix(".parquet"))
