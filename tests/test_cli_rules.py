"""`chartproof rules`, `chartproof prompts` and `code --setting both` from the command line."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from agent import cli
from agent.api import code_note
from agent.config import Settings
from agent.records import Setting
from agent.report.both import differences
from agent.rules.catalogue import RULES


class Ran(NamedTuple):
    status: int
    out: str
    error: str


Run = Callable[..., Ran]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.setenv("CHARTPROOF_CACHE", str(settings.cache))
    monkeypatch.delenv("CHARTPROOF_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        capsys.readouterr()
        status = cli.main(list(arguments))
        return Ran(status, *capsys.readouterr())

    return run


CLAIM = {"setting": "outpatient", "date_of_service": "2026-05-15", "codes": ["I10", "N18.4"]}


def test_list_names_every_rule_with_its_citation(run: Run) -> None:
    ran = run("rules", "list")
    assert ran.status == 0
    for rule in RULES:
        assert rule.id in ran.out
    assert "(I.C.9.a.2)" in ran.out


def test_list_of_one_family(run: Run) -> None:
    ran = run("rules", "list", "--family", "sequencing")
    assert "manifestation_first" in ran.out and "hypertension_kidney" not in ran.out
    wrong = run("rules", "list", "--family", "order")
    assert wrong.status == 2 and "sequencing" in wrong.error


@pytest.mark.parametrize("name", ["excludes1_conflict", "uncertain_outpatient", "first_only"])
def test_show_says_what_a_rule_is(run: Run, name: str) -> None:
    ran = run("rules", "show", name)
    assert ran.status == 0
    for part in ("says", "citation", "reads", "weighs", "example"):
        assert part in ran.out


def test_a_rule_that_is_none_is_an_error_with_what_is_near(run: Run) -> None:
    ran = run("rules", "show", "excludes1")
    assert ran.status == 2 and "excludes1_conflict" in ran.error


def test_check_one_claim_as_json(run: Run) -> None:
    ran = run("rules", "check", "-", "--format", "json", stdin=json.dumps(CLAIM, indent=1))
    found = json.loads(ran.out)["findings"]
    (one,) = [finding for finding in found if finding["rule"] == "hypertension_kidney"]
    assert one["severity"] == "error" and one["codes"] == ["I10", "N18.4"] and one["citation"] == "I.C.9.a.2"
    assert set(one) == {"rule", "citation", "severity", "codes", "message"}
    assert ran.status == 0


def test_check_one_claim_as_a_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "claim.json").write_text(json.dumps(CLAIM), encoding="utf-8")
    ran = run("rules", "check", "claim.json")
    assert "1. I10" in ran.out and "error" in ran.out and "I.C.9.a.2" in ran.out


def test_check_many_claims_one_a_line(run: Run, tmp_path: Path) -> None:
    lines = [json.dumps(CLAIM | {"id": f"claim {number}"}) for number in range(3)] + ["{broken", ""]
    (tmp_path / "claims.jsonl").write_text("\n".join(lines), encoding="utf-8")
    ran = run("rules", "check", "claims.jsonl", "--format", "json")
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["id"] for one in told] == ["claim 0", "claim 1", "claim 2", "line 4"]
    assert "line 4 is no JSON" in told[3]["findings"][0]["message"]
    assert ran.status == 4 and "4 claims" in ran.error and "1 could not be read" in ran.error


def test_check_an_array_of_claims(run: Run) -> None:
    given = json.dumps([CLAIM | {"id": "mine"}, CLAIM, "no claim"])
    ran = run("rules", "check", "-", "--format", "json", stdin=given)
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["id"] for one in told] == ["mine", "claim 2", "claim 3"]
    assert ran.status == 4 and "3 claims" in ran.error and "1 could not be read" in ran.error


def test_a_prompt_of_no_known_name_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "propos.md").write_text("In $setting.", encoding="utf-8")
    ran = run("prompts", "check", "--prompts", "mine")
    assert ran.status == 1 and "propos.md: no prompt has this name" in ran.out


@pytest.mark.parametrize("given", ["{broken", ""])
def test_a_claim_that_is_no_json_is_one_line(run: Run, given: str) -> None:
    ran = run("rules", "check", "-", stdin=given)
    assert ran.status == 2 and ran.out == "" and len(ran.error.splitlines()) == 1


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    ran = run("rules", "check", "none.json")
    assert ran.status == 2 and "none.json" in ran.error


NOTE = "CC: cough\nAssessment:\n1. Possible pneumonia. Chest x-ray.\n2. Hypertension, continue lisinopril."


def test_both_settings_and_what_they_differ_in(run: Run, tmp_path: Path) -> None:
    (tmp_path / "visit.txt").write_text(NOTE, encoding="utf-8")
    ran = run("code", "visit.txt", "--setting", "both", "--dos", "2026-05-04")
    assert ran.status == 0
    assert "outpatient against inpatient" in ran.out
    assert "inpatient alone" in ran.out and "IV.H" in ran.out
    told = run("code", "visit.txt", "--setting", "both", "--dos", "2026-05-04", "--format", "json")
    assert [json.loads(line)["setting"] for line in told.out.splitlines()] == ["outpatient", "inpatient"]


def test_a_difference_knows_why(settings: Settings) -> None:
    outpatient, inpatient = (code_note(NOTE, setting=setting, settings=settings) for setting in Setting)
    (one,) = [d for d in differences(outpatient, inpatient) if d.code.code == "J18.9"]
    assert one.reported_in is Setting.INPATIENT
    assert one.left_out is not None and one.left_out.citation == "IV.H"
    assert differences(outpatient, outpatient) == ()


def test_prompts_check_and_diff(run: Run, tmp_path: Path) -> None:
    assert "nothing is wrong" in run("prompts", "check").out
    (tmp_path / "try").mkdir()
    (tmp_path / "try" / "propose.md").write_text("Read $whom.", encoding="utf-8")
    ran = run("prompts", "check", "--prompts", "try")
    assert ran.status == 1 and "$whom" in ran.out
    assert "+Read $whom." in run("prompts", "diff", "--prompts", "try").out
    missing = run("prompts", "check", "--prompts", "nowhere")
    assert missing.status == 2 and missing.out == "" and "nowhere is no folder" in missing.error


def test_a_family_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> None:
    (tmp_path / "visit.txt").write_text(NOTE, encoding="utf-8")
    monkeypatch.setenv("CHARTPROOF_RULES_OFF", "documentation, edits")
    coding = json.loads(run("code", "visit.txt", "--setting", "outpatient", "--format", "json").out)
    assert "J18.9" in [code["code"] for code in coding["codes"]]
    assert coding["audit"]["settings"]["rules_off"] == "documentation,edits"
    monkeypatch.setenv("CHARTPROOF_RULES_OFF", "order")
    wrong = run("code", "visit.txt", "--setting", "outpatient")
    assert wrong.status == 2 and "CHARTPROOF_RULES_OFF" in wrong.error


def test_a_line_end_inside_a_value_is_no_line_end_of_the_claims(run: Run, tmp_path: Path) -> None:
    line = json.dumps(CLAIM | {"id": "a\u2028b"}, ensure_ascii=False)
    (tmp_path / "claims.jsonl").write_text(f"\ufeff{line}\n{line}\n", encoding="utf-8")
    ran = run("rules", "check", "claims.jsonl", "--format", "json")
    assert ran.status == 0 and [json.loads(one)["id"] for one in ran.out.splitlines()] == ["a\u2028b"] * 2


def test_one_claim_over_several_lines_with_a_fault_is_one_error(run: Run) -> None:
    ran = run("rules", "check", "-", stdin=json.dumps(CLAIM, indent=1).replace(",", ",,", 1))
    assert ran.status == 2 and ran.out == "" and "no JSON" in ran.error


STAY = ["Discharge summary\nPneumonia, ceftriaxone.", "H and P: cough. Pulmonary embolism or pneumonia?"]


def test_the_documents_of_a_stay_are_one_encounter(run: Run, tmp_path: Path) -> None:
    for name, text in zip(("summary", "admission"), STAY, strict=True):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    words = ("--setting", "inpatient", "--encounter", "stay 7", "--format", "json")
    coding = json.loads(run("code", "summary.txt", "admission.txt", *words).out)
    assert coding["encounter_id"] == "stay 7" and set(coding["audit"]["documents"]) == {"summary", "admission"}
    assert [code["code"] for code in coding["codes"]] == ["J18.9"]
    assert coding["codes"][0]["poa"] == "Y"


def test_age_and_sex_are_told_to_the_rules(run: Run, tmp_path: Path) -> None:
    (tmp_path / "visit.txt").write_text("Assessment:\n1. Benign prostatic hyperplasia. Tamsulosin.", encoding="utf-8")
    ran = run("code", "visit.txt", "--setting", "outpatient", "--age", "10", "--sex", "female", "--format", "json")
    rules = {finding["rule"] for finding in json.loads(ran.out)["findings"]}
    assert {"sex_male", "age_adult"} <= rules
    wrong = run("code", "visit.txt", "--setting", "outpatient", "--age", "ten")
    assert wrong.status == 2 and "whole years" in wrong.error
