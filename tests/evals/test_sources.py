"""One way to name what is run, what narrows it, and gold of another edition."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.codebook import CodeBook
from agent.records import Reason, Scope, Setting
from evals.cases import GoldExclusion, Suite, make_suite
from evals.problems import GoldError
from evals.reconcile import Left, Renamed, read_conversion, reconcile
from evals.sources import Options, open_suite
from tests.evals.judging import case
from tests.evals.test_suites import GOOD


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """ACI-Bench and CodiEsp in small, in the layout in which they are published."""
    row = {"encounter_id": "V1", "note": "Gout.", "amazon_codes": [{"code": "M10.9"}], "medcoder": [{"code": "M10.00"}]}
    (tmp_path / "aci").mkdir()
    (tmp_path / "aci" / "aci_dev.jsonl").write_text(json.dumps(row), encoding="utf-8")
    for name in ("text_files", "text_files_en"):
        folder = tmp_path / "codiesp" / "dev" / name
        folder.mkdir(parents=True)
        for number in range(9):
            (folder / f"S{number}.txt").write_text(f"Text {number}.", encoding="utf-8")
    (tmp_path / "codiesp" / "dev" / "devD.tsv").write_text("S1\tm10.9\n", encoding="utf-8")
    return tmp_path


def ids(suite: Suite) -> list[str]:
    return [case.encounter.id for case in suite.cases]


def test_a_data_set_by_name(data: Path) -> None:
    aci = open_suite(f"aci@{data}")
    assert (aci.name, aci.scope, ids(aci)) == ("aci-amazon", Scope.CLAIM, ["V1"])
    other = open_suite(f"aci@{data}", Options(labels="medcoder"))
    assert other.name == "aci-medcoder" and other.cases[0].gold == {"M10.00"}
    codiesp = open_suite(f"codiesp@{data}", Options(language="es"))
    assert (codiesp.name, codiesp.scope, len(codiesp.cases)) == ("codiesp-dev-D-es", Scope.MENTIONS, 9)
    assert open_suite(f"codiesp@{data}", Options(scope=Scope.CLAIM)).scope is Scope.CLAIM
    assert str(data) not in aci.source


def test_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text('{"id": "a", "text": "Gout.", "codes": "M10.9"}\n', encoding="utf-8")
    suite = open_suite(str(tmp_path / "own.jsonl"), Options(setting=Setting.OUTPATIENT, scope=Scope.MENTIONS))
    assert (suite.name, suite.scope, ids(suite)) == ("own", Scope.MENTIONS, ["a"])
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "case.toml").write_text(GOOD, encoding="utf-8")
    assert ids(open_suite(str(tmp_path / "suite"))) == ["case"]


def test_a_sample_is_the_same_in_both_languages(data: Path) -> None:
    english, spanish = (
        open_suite(f"codiesp@{data}", Options(language=language, sample=4)) for language in ("en", "es")
    )
    assert ids(english) == ids(spanish) == sorted(ids(english)) and len(english.cases) == 4
    assert ids(english) != ["S0", "S1", "S2", "S3"] and english.name == "codiesp-dev-D-en-sample4"
    whole = open_suite(f"codiesp@{data}")
    assert whole.sha256 not in (english.sha256, spanish.sha256)
    assert open_suite(f"codiesp@{data}", Options(sample=9)) == whole


def test_some_encounters(data: Path) -> None:
    spec = f"codiesp@{data}"
    assert ids(open_suite(spec, Options(first=2))) == ["S0", "S1"]
    assert ids(open_suite(spec, Options(only=("S5", "S3")))) == ["S3", "S5"]
    assert ids(open_suite(spec, Options.model_validate({"only": "S5,S3", "first": "1"}))) == ["S3"]
    with pytest.raises(GoldError, match="no encounter 'S77' in codiesp-dev-D-en"):
        open_suite(spec, Options(only=("S77",)))


def test_what_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="no such suite, folder or file; give a path or one of .*codiesp@DATA"):
        open_suite("nowhere")
    with pytest.raises(GoldError, match=f"there is no {tmp_path}/none; name the data set's folder"):
        open_suite(f"aci@{tmp_path}/none")
    with pytest.raises(GoldError, match="there is no folder after @"):
        open_suite("aci@")


# -- gold of another edition -------------------------------------------------------------------------------------------

TABLE = """\
"Words about the table,
of two lines",,
Current code assignment,Effective,Previous Code(s) Assignment
I10 ,2020,Z88.88
E11.65,2019,Z88.81
E11.9,2019,Z88.81
Z88.82,2018,Z88.83
J18.9,2021,Z88.82
M10.9,2021,Z88.84 and Z88.85
R05.9,2021,Z88.86
R05.1,2021,Z88.85-Z88.87
Z88.90,2021,Z88.91
Z88.91,2021,Z88.90
R52,2021,None
"""
"""A table of the published form; the codes of Z88.8 to Z88.9 are in no edition."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "conversion.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Z88.88", "I10"),
        ("Z88.81", None),  # two new codes
        ("Z88.83", "Z88.82"),
        ("Z88.84", None),  # one of a pair
        ("Z88.86", None),  # alone for one code, and in a range for another
        ("Z88.77", None),
    ],
)
def test_the_successor_of_a_code(table: Path, old: str, new: str | None) -> None:
    assert read_conversion(table).successor(old) == new


def test_reconcile_renames_counts_and_lists(table: Path, codebook: CodeBook) -> None:
    exclusion = GoldExclusion(code="J18.9", reason=Reason.NEGATED)
    suite = make_suite(
        "s",
        Scope.CLAIM,
        [
            case("Z88.88", "I10", "E11", name="a", evidence={"Z88.88": ["Hypertension"], "I10": ["diabetes"]}),
            case("Z88.83", "Z88.90", name="b", exclusions=[exclusion]),
            case("Z88.81", "E11", name="c"),
            case("R05.9", name="d"),
        ],
        "s",
    )
    changed, unmapped = reconcile(suite, codebook, table)
    assert [case.gold for case in changed.cases] == [{"I10", "E11"}, {"J18.9", "Z88.90"}, {"Z88.81", "E11"}, {"R05.9"}]
    assert [code.code for code in changed.cases[0].codes] == ["I10", "E11"]
    assert len(changed.cases[0].codes[0].evidence) == 2
    assert changed.cases[1].exclusions == () and changed.sha256 != suite.sha256
    assert unmapped.renamed == (Renamed("Z88.83", "J18.9", 1), Renamed("Z88.88", "I10", 1))
    assert unmapped.left == (
        Left("E11", "a header: Type 2 diabetes mellitus", 2),
        Left("Z88.81", "not in the edition", 1),
        Left("Z88.90", "not in the edition", 1),
    )
    assert unmapped.gold == 7 and unmapped.ceiling == pytest.approx(3 / 7)


def test_without_a_table_nothing_is_renamed(codebook: CodeBook) -> None:
    suite = make_suite("s", Scope.CLAIM, [case("I10", "Z88.88")], "s")
    same, unmapped = reconcile(suite, codebook)
    assert same is suite and unmapped.renamed == () and unmapped.left == (Left("Z88.88", "not in the edition", 1),)


def test_a_table_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="can't be read"):
        read_conversion(tmp_path / "none.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(GoldError, match="no rows below a header current code assignment, effective"):
        read_conversion(tmp_path / "other.csv")
