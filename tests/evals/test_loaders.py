"""Loaders of published data sets, on small copies of their layouts written here, right and wrong."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.records import Setting
from evals.loaders import load_aci, load_codiesp, load_mdace
from evals.loaders.codiesp import read_mentions
from evals.problems import GoldError


def problems(error: GoldError) -> list[str]:
    return [f"{Path(problem.path).name}:{problem.line}: {problem.message}" for problem in error.problems]


def lines(path: Path, rows: Sequence[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return path


# -- ACI-Bench ---------------------------------------------------------------------------------------------------------

NOTE = "ASSESSMENT\nGout\u2028of the left foot. Start colchicine."


DRUG = "Start colchicine."


def aci(**changed: object) -> dict[str, Any]:
    return {
        "encounter_id": "V1",
        "note": NOTE,
        "amazon_codes": [{"code": "M10.9"}, {"code": "m1072"}, {"code": "M10.9"}],
        "medcoder": [
            {"code": "M10.9", "dx_start": 11, "dx_end": 15, "evidence": [{"start": 34, "end": 51, "text": DRUG}]},
            {"code": "Z79.899", "dx_start": None, "dx_end": None, "evidence": []},
        ],
    } | changed  # fmt: skip


def test_aci(tmp_path: Path) -> None:
    path = lines(tmp_path / "aci" / "aci_dev_67.jsonl", [aci(), "", aci(encounter_id="V2")])
    first, second = load_aci(tmp_path)
    assert (first.encounter.id, second.encounter.id) == ("V1", "V2")
    assert first.encounter.setting is Setting.OUTPATIENT and first.encounter.documents[0].text == NOTE
    assert [code.code for code in first.codes] == ["M10.9", "M10.72"] and not first.ordered
    assert load_aci(path) == load_aci(tmp_path / "aci") == (first, second)


def test_aci_labels_with_evidence(tmp_path: Path) -> None:
    lines(tmp_path / "aci_x.jsonl", [aci()])
    (case,) = load_aci(tmp_path, "medcoder")
    gout, drugs = case.codes
    assert [NOTE[span.start : span.end] for span in gout.evidence] == ["Gout", DRUG]
    assert (drugs.code, drugs.evidence) == ("Z79.899", ())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{'a': 1}", "not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", "a JSON list; each line is one JSON object"),
        (aci(note=""), "no encounter_id or no note"),
        (aci(medcoder=None), "medcoder is no list of objects with a code"),
        (aci(medcoder=[{"code": "I10", "dx_start": 0, "dx_end": 99}]), "V2: I10 has evidence from 0 to 99 of 51"),
        (
            aci(medcoder=[{"code": "I10", "evidence": [{"start": 0, "end": 4, "text": "Gout"}]}]),
            "V2: I10 has 'Gout' as evidence at 0, where the note has 'ASSE'",
        ),
    ],
)
def test_aci_wrong(tmp_path: Path, row: object, said: str) -> None:
    if isinstance(row, dict):
        row = row | {"encounter_id": "V2"}
    lines(tmp_path / "aci.jsonl", [aci(), row])
    with pytest.raises(GoldError) as caught:
        load_aci(tmp_path, "medcoder")
    (found,) = problems(caught.value)
    assert found.startswith("aci.jsonl:2: ") and said in found


def test_aci_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="no ACI-Bench file here; looked for .*aci"):
        load_aci(tmp_path)


# -- CodiEsp -----------------------------------------------------------------------------------------------------------

SPANISH = "Varón con artritis. Ecografía renal."
ENGLISH = "Man with arthritis. Kidney ultrasound."
EXPLAINED = [
    "S1\tDIAGNOSTICO\tm19.9\tartritis\t10 18;18 18",
    "S1\tPROCEDIMIENTO\tbt4\tEcografía renal\t20 29;30 35",
    "S1\tDIAGNOSTICO\tr52\tsin texto\t10 18",
]
ALIGNED = [
    {"doc": "S1", "label": "D", "code": "M19.9", "en_sentences": [{"start": 0, "end": 19}]},
    {"doc": "S1", "label": "P", "code": "BT4", "en_sentences": []},
]


@pytest.fixture
def codiesp(tmp_path: Path) -> Path:
    folder = tmp_path / "codiesp" / "dev"
    for name, text in (("text_files", SPANISH), ("text_files_en", ENGLISH)):
        (folder / name).mkdir(parents=True)
        (folder / name / "S1.txt").write_text(text, encoding="utf-8")
        (folder / name / "S2.txt").write_text("Nada.", encoding="utf-8")
    lines(folder / "devD.tsv", ["S1\tm19.9", "S1\tr52"])
    lines(folder / "devP.tsv", ["S1\tbt4"])
    lines(folder / "devX.tsv", EXPLAINED)
    lines(folder / "devX_en_aligned.jsonl", ALIGNED)
    return folder


def test_codiesp_in_spanish(codiesp: Path) -> None:
    case, empty = load_codiesp(codiesp.parent.parent, language="es")
    assert case.encounter.id == "S1" and empty.encounter.id == "S2" and empty.codes == ()
    arthritis, pain = case.codes
    assert (arthritis.code, pain.code) == ("M19.9", "R52")
    assert [SPANISH[span.start : span.end] for span in arthritis.evidence] == ["artritis"]


def test_codiesp_in_english(codiesp: Path) -> None:
    case, _ = load_codiesp(codiesp.parent)
    assert case.encounter.documents[0].text == ENGLISH
    assert [(code.code, len(code.evidence)) for code in case.codes] == [("M19.9", 1), ("R52", 0)]
    assert case.codes[0].evidence[0].end == 19
    (codiesp / "devX_en_aligned.jsonl").unlink()
    (codiesp / "devX.tsv").unlink()
    assert load_codiesp(codiesp.parent)[0].codes[0].evidence == ()


def test_codiesp_procedures_and_both(codiesp: Path) -> None:
    case, _ = load_codiesp(codiesp.parent, track="P", language="es")
    (scan,) = case.codes
    assert scan.code == "BT4" and [SPANISH[s.start : s.end] for s in scan.evidence] == ["Ecografía", "renal"]
    case, _ = load_codiesp(codiesp.parent, track="X", language="es")
    assert [code.code for code in case.codes] == ["M19.9", "BT4", "R52"]


def test_codiesp_mentions_count_a_code_once_a_report(codiesp: Path) -> None:
    lines(codiesp / "devD.tsv", ["S1\tm19.9", "S1\tm19.9", "S2\tm19.9", "S2\tr52"])
    assert sorted(read_mentions(codiesp.parent, "dev")) == ["M19.9", "M19.9", "R52"]


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("devD.tsv", ["S1\tm19.9", "S1 r52"], "devD.tsv:2: 1 columns where 2 are expected"),
        ("devD.tsv", ["", "S9\tm19.9"], "devD.tsv:2: S9 has a code and no text in es; put S9.txt beside the others"),
        ("devX.tsv", [*EXPLAINED, "S1\tOTRO\tr52\tx\t1 2"], "devX.tsv:4: 'OTRO' is neither DIAGNOSTICO nor"),
        ("devX.tsv", ["S1\tDIAGNOSTICO\tr52\tx\t1-2"], "devX.tsv:1: offsets '1-2' where two numbers are expected"),
        ("devX.tsv", ["S1\tDIAGNOSTICO\tr52\tx\t1 99"], "devX.tsv:1: R52 has evidence from 1 to 99 of S1"),
    ],
)  # fmt: skip
def test_codiesp_wrong(codiesp: Path, name: str, rows: list[str], said: str) -> None:
    lines(codiesp / name, rows)
    with pytest.raises(GoldError) as caught:
        load_codiesp(codiesp.parent, language="es")
    (found,) = problems(caught.value)
    assert found.startswith(said)


def test_codiesp_wrong_alignment(codiesp: Path) -> None:
    rows = [*ALIGNED, {"doc": "S1", "code": "R52"}, {**ALIGNED[0], "en_sentences": [{"start": 30, "end": 99}]}]
    lines(codiesp / "devX_en_aligned.jsonl", rows)
    with pytest.raises(GoldError) as caught:
        load_codiesp(codiesp.parent)
    first, second = problems(caught.value)
    assert first.startswith("devX_en_aligned.jsonl:3: no doc, no code or no label")
    assert second.startswith("devX_en_aligned.jsonl:4: M19.9 has evidence from 30 to 99 of S1, which ends at 38")


def test_codiesp_incomplete(codiesp: Path) -> None:
    with pytest.raises(GoldError, match=r"no CodiEsp here: neither codiesp/test/ nor test/"):
        load_codiesp(codiesp.parent, "test")
    (codiesp / "devX.tsv").unlink()
    with pytest.raises(GoldError, match=r"devX\.tsv: is not there; track X needs it"):
        load_codiesp(codiesp.parent, track="X")
    (codiesp / "devD.tsv").unlink()
    with pytest.raises(GoldError, match=r"devD\.tsv: can't be read \(No such file"):
        load_codiesp(codiesp.parent)
    for path in (codiesp / "text_files").iterdir():
        path.unlink()
    with pytest.raises(GoldError, match="no text files in es; unpack the whole archive there"):
        load_codiesp(codiesp.parent, language="es")


# -- MDACE -------------------------------------------------------------------------------------------------------------

TEXTS = {
    "11": 'Admitted with "sepsis".\n\nOn antibiotics, stable.',
    "12": "Chest film: pneumonia.",
    "13": "not asked for",
}
"""Notes of our own, with the quotes and line ends that a table of notes must keep."""


def annotation(begin: int, end: int, code: str, system: str = "ICD-10-CM") -> dict[str, object]:
    return {"begin": begin, "end": end, "code": code, "code_system": system, "description": "", "type": "Human"}


def stay() -> dict[str, Any]:
    return {
        "hadm_id": 100,
        "notes": [
            {
                "note_id": 11,
                "category": "Discharge summary",
                "description": "Report",
                "annotations": [annotation(15, 21, "A41.9"), annotation(28, 39, "3E03329", "ICD-10-PCS")],
            },
            {"note_id": 12, "category": "Radiology", "description": "x", "annotations": [annotation(12, 21, "J18.9")]},
        ],
    }


@pytest.fixture
def mdace(tmp_path: Path) -> Path:
    for part in ("Inpatient", "Profee"):
        folder = tmp_path / part / "ICD-10" / "1.0"
        folder.mkdir(parents=True)
        (folder / "100-ICD-10.json").write_text(json.dumps(stay(), indent=1), encoding="utf-8")
        older = tmp_path / part / "ICD-9" / "1.0"
        older.mkdir(parents=True)
        (older / "100-ICD-9.json").write_text("{}", encoding="utf-8")
    quoted = {number: text.replace('"', '""') for number, text in TEXTS.items()}
    rows = [f'{number},9,100,"Discharge, ""x""","{text}"' for number, text in quoted.items()]
    (tmp_path / "NOTEEVENTS.csv").write_text(
        "\n".join(["ROW_ID,SUBJECT_ID,HADM_ID,DESCRIPTION,TEXT", *rows, ""]), encoding="utf-8"
    )
    return tmp_path


def test_mdace(mdace: Path) -> None:
    (case,) = load_mdace(mdace)
    assert (case.encounter.id, case.encounter.setting) == ("100", Setting.INPATIENT)
    assert {d.id: d.text for d in case.encounter.documents} == {"11": TEXTS["11"], "12": TEXTS["12"]}
    marked = [(c.code, TEXTS[s.document][s.start : s.end]) for c in case.codes for s in c.evidence]
    assert marked == [("A41.9", "sepsis"), ("J18.9", "pneumonia")]
    (visit,) = load_mdace(mdace, part="profee")
    assert visit.encounter.setting is Setting.OUTPATIENT and visit.codes == case.codes


def test_mdace_with_a_packed_table_elsewhere(mdace: Path) -> None:
    whole = (mdace / "NOTEEVENTS.csv").read_bytes()
    (mdace / "NOTEEVENTS.csv").unlink()
    with pytest.raises(GoldError, match=r"the labels hold no text; put MIMIC-III's NOTEEVENTS\.csv there"):
        load_mdace(mdace)
    packed = mdace / "mimic" / "NOTEEVENTS.csv.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(whole))
    assert load_mdace(mdace, text=packed)[0].encounter.documents[0].text == TEXTS["11"]


def test_mdace_one_note_a_file_with_its_text(tmp_path: Path) -> None:
    note = {"note_id": 7, "hadm_id": 55, "text": "Gout.", "annotations": [annotation(0, 4, "M109")]}
    (tmp_path / "7.json").write_text(json.dumps(note), encoding="utf-8")
    (case,) = load_mdace(tmp_path)
    assert case.encounter.id == "55" and case.codes[0].code == "M10.9" and case.codes[0].evidence[0].end == 4


def test_mdace_wrong_offsets_are_named_by_line(mdace: Path) -> None:
    path = mdace / "Inpatient" / "ICD-10" / "1.0" / "100-ICD-10.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"end": 21,\n     "code": "J18.9"', '"end": 99,\n     "code": "J18.9"'), encoding="utf-8")  # fmt: skip  # noqa: E501
    number = path.read_text(encoding="utf-8").splitlines().index('     "end": 99,')
    with pytest.raises(GoldError) as caught:
        load_mdace(mdace)
    (found,) = problems(caught.value)
    assert found.startswith(f"100-ICD-10.json:{number}: J18.9 has evidence from 12 to 99 of note 12, which ends at 22")


def test_mdace_wrong_files(mdace: Path, tmp_path: Path) -> None:
    path = mdace / "Inpatient" / "ICD-10" / "1.0" / "100-ICD-10.json"
    path.write_text('{\n "hadm_id": 1,\n "notes": [}', encoding="utf-8")
    with pytest.raises(GoldError, match=r"100-ICD-10\.json:3: not JSON"):
        load_mdace(mdace)
    path.write_text('{"hadm_id": 1, "notes": [{"note_id": 1}]}', encoding="utf-8")
    with pytest.raises(
        GoldError, match=r"notes\.0\.annotations: Field required; the file is not in the published form"
    ):
        load_mdace(mdace)
    path.write_text(json.dumps(stay()).replace('"note_id": 12', '"note_id": 99'), encoding="utf-8")
    with pytest.raises(GoldError, match="note 99 has no text in the table of notes"):
        load_mdace(mdace)
    (mdace / "NOTEEVENTS.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(GoldError, match=r"NOTEEVENTS\.csv:1: no columns ROW_ID and TEXT"):
        load_mdace(mdace)
    with pytest.raises(GoldError, match="no such file; name MIMIC-III's"):
        load_mdace(mdace, text=tmp_path / "none.csv")
    with pytest.raises(GoldError, match="no JSON files of profee"):
        load_mdace(mdace / "none", part="profee")
