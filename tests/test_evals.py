"""The evals: what a score counts, what a figure is made from, and the command end to end on two notes of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.codebook import CodeBook
from agent.config import Settings
from agent.records import Document, Encounter, Setting
from evals import external
from evals.metrics import Prf, by_frequency, interval, micro
from evals.score import Score, Steps, score_failed


def made(hit: str = "", extra: str = "", missed: str = "") -> Score:
    def codes(text: str) -> frozenset[str]:
        return frozenset(text.split())

    return Score("note", codes(hit), codes(extra), codes(missed), frozenset(), 0, 0)


def test_micro_counts_over_notes() -> None:
    total = micro([made("I10", "R05.9"), made("E11.9", "", "I10 J18.9")])
    assert total == Prf(2, 1, 2)
    assert (total.precision, total.recall) == (2 / 3, 1 / 2)
    assert total.f1 == pytest.approx(4 / 7)


def test_nothing_given_is_no_division_by_zero() -> None:
    assert micro([]).f1 == 0.0
    assert micro([made("", "", "I10")]).precision == 0.0


def test_a_failed_note_misses_all_its_gold() -> None:
    encounter = Encounter(id="x", setting=Setting.OUTPATIENT, documents=(Document(id="x", text="y"),))
    failed = score_failed(encounter, "why", frozenset({"I10", "E11.9"}))
    assert micro([failed]) == Prf(0, 0, 2) and failed.failed == "why" and failed.steps == Steps()


def test_the_interval_holds_the_figure_and_is_the_same_each_time() -> None:
    scores = [made("I10"), made("", "R05.9", "E11.9"), made("J18.9", "", "I10")] * 5
    low, high = interval(scores)
    assert low <= micro(scores).f1 <= high
    assert interval(scores) == (low, high)


def test_rare_and_common_codes_are_counted_apart() -> None:
    bands = by_frequency([made("I10"), made("I10"), made("E85.1", "R05.9", "Q87.1")])
    assert bands["once"] == Prf(1, 0, 1)
    assert bands["2 to 5"] == Prf(2, 0, 0)
    assert bands["never"] == Prf(0, 1, 0)


def test_the_command_reports_what_it_was_made_from(
    tmp_path: Path,
    codebook: CodeBook,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "aci").mkdir()
    rows = [
        {
            "encounter_id": "a",
            "note": "ASSESSMENT\n1. Hypertension. Continue lisinopril.\n",
            "amazon_codes": [{"code": "I10"}],
        },
        {"encounter_id": "b", "note": "   ", "amazon_codes": [{"code": "E11.9"}]},
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "aci" / "aci_dev_67.jsonl").write_text(text, encoding="utf-8")
    monkeypatch.setenv("CHARTPROOF_CACHE", str(settings.cache))
    monkeypatch.setattr("sys.argv", ["external", str(tmp_path), "--only", "aci", "--out", str(tmp_path / "out")])
    external.main()
    printed = capsys.readouterr().out
    assert "| aci, claim | 1 / 1 / 2 | 1.000 | 0.500 |" in printed
    assert "failed: b" in printed
    coding = json.loads((tmp_path / "out" / "aci.jsonl").read_text(encoding="utf-8"))
    assert [code["code"] for code in coding["codes"]] == ["I10"]
