"""Claims from JSON: what can be used is kept, and what can't is said."""

from __future__ import annotations

from datetime import date

import pytest

from agent.claim import Claim, ClaimCode, read_claim
from agent.codebook import CodeBook
from agent.records import Patient, Setting, Sex
from agent.rules.run import check_claim


def test_a_whole_claim() -> None:
    claim = read_claim(
        {
            "id": "visit 7",
            "setting": "inpatient",
            "date_of_service": "2026-05-15",
            "admitted": "2026-05-10",
            "patient": {"age": 60, "sex": "female"},
            "codes": ["E11.9", {"code": "N18.4", "poa": "Y"}],
        }
    )
    assert claim == Claim(
        id="visit 7",
        setting=Setting.INPATIENT,
        date_of_service=date(2026, 5, 15),
        admitted=date(2026, 5, 10),
        patient=Patient(age=60, sex=Sex.FEMALE),
        codes=(ClaimCode(code="E11.9"), ClaimCode(code="N18.4", poa="Y")),
    )


BAD: list[tuple[object, str]] = [
    (["E11.9"], "JSON object"),
    ("E11.9", "JSON object"),
    (None, "JSON object"),
    ({"codes": []}, "no setting"),
    ({"setting": "er", "codes": []}, "'er' is not known"),
    ({"setting": "outpatient", "codes": "E11.9"}, "a list"),
    ({"setting": "outpatient", "codes": [7]}, "code 1 is 7"),
    ({"setting": "outpatient", "codes": ["", "I10"]}, "code 1"),
    ({"setting": "outpatient", "codes": [{"poa": "Y"}]}, "code 1"),
    ({"setting": "outpatient", "date_of_service": "15/05/2026"}, "no date"),
    ({"setting": "outpatient", "date_of_service": 20260515}, "no date"),
    ({"setting": "outpatient", "admitted": "soon"}, "no date"),
    ({"setting": "outpatient", "patient": "Ann"}, "an object"),
    ({"setting": "outpatient", "patient": {"age": -1}}, "age -1"),
    ({"setting": "outpatient", "patient": {"age": "60"}}, "age '60'"),
    ({"setting": "outpatient", "patient": {"age": True}}, "age True"),
    ({"setting": "outpatient", "patient": {"sex": "x"}}, "sex 'x'"),
    ({"setting": "outpatient", "patient": {"name": "Ann"}}, "'name'"),
    ({"setting": "outpatient", "dos": "2026-05-15"}, "'dos'"),
    ({"setting": "outpatient", "id": 7}, "id 7"),
]


@pytest.mark.parametrize(("given", "said"), BAD, ids=[said for _, said in BAD])
def test_what_cannot_be_used_is_said(given: object, said: str) -> None:
    (flaw,) = read_claim(given).flaws
    assert said in f"{flaw.field} {flaw.message}"


def test_what_can_be_used_is_kept() -> None:
    claim = read_claim({"setting": "er", "date_of_service": "x", "codes": ["I10", 7, "e119"], "patient": {"age": 60}})
    assert [code.code for code in claim.codes] == ["I10", "e119"]
    assert claim.patient.age == 60
    assert [flaw.field for flaw in claim.flaws] == ["codes", "setting", "date_of_service"]


def test_every_flaw_is_a_finding_and_the_rest_is_checked(codebook: CodeBook) -> None:
    claim = read_claim({"setting": "er", "codes": ["zzz", "N18.4", 7, "i10", "M54.5", "E11"]})
    rules = [finding.rule for finding in check_claim(claim, codebook)]
    assert rules.count("claim_form") == 2
    for rule in ("unknown_code", "hypertension_kidney", "retired_code", "header", "written_form", "outside_edition"):
        assert rule in rules, rule
    named = {code for finding in check_claim(claim, codebook) for code in finding.codes}
    assert {"ZZZ", "N18.4", "I10", "M54.5", "E11"} <= named, "every code that was given is named"


def test_an_empty_claim_is_named(codebook: CodeBook) -> None:
    (finding,) = [f for f in check_claim(Claim(setting=Setting.OUTPATIENT), codebook) if f.rule == "empty_claim"]
    assert "no code" in finding.message
