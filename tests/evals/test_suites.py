"""Suites of TOML files: one that is right, and each way to be wrong with its file, its line and what mends it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from agent.codebook import CodeBook
from agent.records import Reason, Scope, Sex
from evals import suites
from evals.places import read_places
from evals.problems import GoldError
from evals.suite_files import GOLD_REASONS, traps
from evals.suites import check_codes, load_suite, suite_names

GOOD = """\
about = "a visit that tests the loader"
setting = "inpatient"
specialty = "pulmonology"
date_of_service = 2026-05-04
patient = { age = 54, sex = "female" }
traps = ["uncertain", "laterality"]

[[documents]]
id = "admission"
text = '''
codes = "no key, it stands in a text"
[[codes]]
Admitted with a productive cough.
'''

[[documents]]
id = "discharge"
text = '''
Pneumonia, treated. Hypertension, well controlled.
Possible heart failure was ruled out.
'''

[[codes]]
code = "J18.9"
quotes = ["Pneumonia, treated", "Pneumonia"]
document = "discharge"
poa = "Y"

[[codes]]
code = "I10"
quotes = [
    "Hypertension",
    "well controlled",
]
document = "discharge"

[[exclusions]]
code = "I50.9"
reason = "negated"
quotes = ["Possible heart failure"]
document = "discharge"
why = "It was ruled out (II.H)."
"""


def wrong(folder: Path, text: str, name: str = "case") -> list[str]:
    """What is said of a file of this text, each after its name."""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        load_suite(folder)
    return [str(problem).removeprefix(str(path)) for problem in caught.value.problems]


def line_of(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1


def test_a_file_becomes_a_case(tmp_path: Path) -> None:
    (tmp_path / "lungs").mkdir()
    (tmp_path / "lungs" / "case.toml").write_text(GOOD, encoding="utf-8")
    suite = load_suite(tmp_path)
    (case,) = suite.cases
    assert (suite.name, suite.scope, case.encounter.id) == (tmp_path.name, Scope.CLAIM, "case")
    assert case.encounter.date_of_service == date(2026, 5, 4)
    assert (case.encounter.patient.age, case.encounter.patient.sex) == (54, Sex.FEMALE)
    assert (case.specialty, case.tags, case.ordered) == ("pulmonology", ("uncertain", "laterality"), True)
    assert [code.code for code in case.codes] == ["J18.9", "I10"] and case.codes[0].poa == "Y"
    text = case.encounter.document("discharge").text
    assert [text[s.start : s.end] for s in case.codes[1].evidence] == ["Hypertension", "well controlled"]
    (exclusion,) = case.exclusions
    assert exclusion.reason is Reason.NEGATED and exclusion.evidence[0].start == text.index("Possible")


def test_one_file_is_a_suite(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_suite(path).cases == load_suite(tmp_path).cases


def test_adding_an_encounter_is_adding_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "SUITES", tmp_path)
    for name in ("inpatient", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"first_{name}.toml").write_text(GOOD, encoding="utf-8")
    assert suite_names() == ("inpatient", "other", "all")
    before = load_suite("all")
    (tmp_path / "other" / "a_second.toml").write_text(GOOD, encoding="utf-8")
    after = load_suite("all")
    assert [case.encounter.id for case in before.cases] == ["first_inpatient", "first_other"]
    assert [case.encounter.id for case in after.cases] == ["a_second", "first_inpatient", "first_other"]
    assert (after.name, after.source) == ("all", "all") and after.sha256 != before.sha256
    assert len(load_suite("inpatient").cases) == 1


def test_a_name_that_is_no_suite() -> None:
    with pytest.raises(GoldError, match="nowhere: no such suite, folder or TOML file; the suites are .*all"):
        load_suite("nowhere")


def test_a_folder_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GoldError, match="no such suite, folder or TOML file"):
        load_suite(tmp_path)


def test_two_files_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "case.toml").write_text(GOOD, encoding="utf-8")
    said = wrong(tmp_path, GOOD)
    assert len(said) == 1 and "has the same name, which is the encounter's id; rename one" in said[0]


def test_all_problems_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text(GOOD.replace('setting = "inpatient"', 'setting = "home"'), encoding="utf-8")
    (tmp_path / "c.toml").write_text(GOOD.replace('"Hypertension"', '"Hypotension"'), encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        load_suite(tmp_path)
    assert [Path(p.path).name for p in caught.value.problems] == ["b.toml", "c.toml"]


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("about = ", "about ", 'about "a visit', "not TOML: "),
        ("'''\nPneumonia", "''\nPneumonia", "Pneumonia, treated. ", "not TOML: "),
        ('about = "a visit that tests the loader"\n', "", "setting", "about is missing; add it"),
        ('code = "I50.9"\n', "", '[[exclusions]]', "exclusions.1.code is missing; add it"),
        ("specialty", "speciality", "speciality", "is no key here; perhaps 'specialty' is meant;"),
        ('poa = "Y"', 'POA = "Y"', "POA", "codes.1.POA is no key here; "),
        ("2026-05-04", '"soon"', "date_of_service", "date_of_service = 'soon' can't be used"),
        ("2026-05-04", "20260504", "date_of_service", "date_of_service = '20260504' can't be used"),
        ("2026-05-04", "2026-02-30", "date_of_service", "not TOML: "),
        ("age = 54", "age = 540", "patient = ", "patient.age = '540' can't be used"),
        ("age = 54", 'age = "54"', "patient = ", "patient.age = '54' can't be used"),
        ('"inpatient"', '"home"', "setting", "setting = 'home' can't be used: input should be "),
        ('"uncertain"', '"uncertian"', "traps", "traps.1: 'uncertian' is no trap; perhaps 'uncertain' is meant;"),
        ('"negated"', '"denied"', "reason", "'denied' is no reason of gold; the reasons are negated, "),
        ('"negated"', '"unsupported_quote"', "reason", "'unsupported_quote' is no reason of gold;"),
        ('"I50.9"', '"i509"', 'code = "i509"', "'i509' is not how the edition writes a code; write 'I50.9'"),
        ('["Possible heart failure"]', "[]", "quotes = []", "exclusions.1.quotes = '[]' can't be used"),
        ('id = "discharge"', 'id = "Discharge 1"', 'id = "Discharge', "documents.2.id = 'Discharge 1' can't be used"),
        ('id = "discharge"', 'id = "admission"', "id = \"admission\"\ntext = '''\nPneu", "second document 'admission'"),
        ('"discharge"\npoa', '"discharg"\npoa', '"discharg"', "no document 'discharg'; perhaps 'discharge' is"),
        ('document = "discharge"\npoa', "poa", "[[codes]]\ncode = \"J18", "add document = one of admission, discharge"),
        ('code = "I10"', 'code = "J18.9"', 'code = "J18.9"\nquotes = [\n', "a second entry for J18.9"),
        ('code = "I50.9"', 'code = "I10"', 'code = "I10"\nreason', "I10 stands among the codes too"),
        ('"inpatient"', '"outpatient"', "poa", "only a stay has POA"),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong(tmp_path: Path, old: str, new: str, line: str, said: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    number = line_of(text, line)
    found = wrong(tmp_path, text)
    assert any(one.startswith(f":{number}: ") and said in one for one in found), (number, found)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Hypertension"', '"Asthma"', "'Asthma' is not in 'discharge' letter for letter; nothing comes near it"),
        ('"Hypertension"', '"Hypertention"', "the nearest is 'Hypertension': copy the words from the text"),
        ('"Possible heart failure"', '"Possible heart  failure"', "the nearest is 'Possible heart failure': copy"),
        ('"well controlled"', '"productive cough"', "; it is in 'admission': correct document"),
    ],
)  # fmt: skip
def test_a_quote_that_is_not_in_its_document(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = GOOD.replace(old, new, 1)
    (found,) = wrong(tmp_path, text)
    assert found.startswith(f":{text[: text.rindex(new)].count(chr(10)) + 1}: ") and said in found


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes(b'about = "x"\nsetting = "\xff"\n')
    with pytest.raises(GoldError, match=r"case\.toml:2: a byte that is not UTF-8"):
        load_suite(tmp_path)


def test_codes_and_dates_are_checked_against_the_edition(tmp_path: Path, codebook: CodeBook) -> None:
    path = tmp_path / "case.toml"
    path.write_text(GOOD, encoding="utf-8")
    check_codes(load_suite(tmp_path), codebook)
    text = GOOD.replace('"J18.9"', '"J18.77"').replace('"I50.9"', '"I50"').replace("2026-05-04", "2019-05-04")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GoldError) as caught:
        check_codes(load_suite(tmp_path), codebook)
    first, second, third = (str(problem).removeprefix(str(path)) for problem in caught.value.problems)
    assert first.startswith(f":{line_of(text, 'J18.77')}: J18.77 is no code of ICD-10-CM")
    assert "J18 has J18.0, J18.1" in first
    assert second.startswith(f":{line_of(text, chr(34) + 'I50' + chr(34))}: I50 is a header") and "I50.1" in second
    assert third.startswith(":4: 2019-05-04 is outside")


def test_the_places_of_keys_are_not_those_of_words_in_texts() -> None:
    places = read_places(GOOD)
    lines = GOOD.splitlines()
    assert lines[places.line(("codes",)) - 1] == "[[codes]]" and places.line(("codes",)) == 23
    assert lines[places.line(("codes", 1, "code")) - 1] == 'code = "I10"'
    assert (
        lines[places.line(("documents", 1, "text")) - 1] == "text = '''" and places.line(("documents", 1, "text")) > 15
    )
    assert places.line(("codes", 0, "nothing")) == places.line(("codes", 0))
    assert places.line(("nothing",)) == 1
    assert lines[places.words(("codes", 1, "quotes"), "well controlled") - 1] == '    "well controlled",'


def test_places_after_a_text_on_one_line() -> None:
    places = read_places("a = '''x'''\nb = \"\"\"\nc = 1\n\"\"\"\n[t]\nd = 2\n")
    assert places.starts == {("a",): 1, ("b",): 2, ("t",): 5, ("t", "d"): 6}


def test_gold_knows_no_reasons_about_proposals() -> None:
    assert Reason.NEGATED in GOLD_REASONS and Reason.UNSUPPORTED_QUOTE not in GOLD_REASONS
    assert len(traps()) == len(set(traps())) == 16
