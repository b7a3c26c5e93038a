"""The gate: passes what is as good as it was, fails on a worse run with its notes, and is written anew on demand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.config import Settings
from agent.errors import InputError
from evals import gate
from evals.gate import hold, measure, read, render_gate, update
from tests.evals.conftest import Run


@pytest.fixture
def baseline(tmp_path: Path, settings: Settings, codebook: object) -> Path:
    """What the lexical engine scores on the thirty notes now."""
    path = tmp_path / "baseline.json"
    assert update(path, [measure("clear", "lexical", settings)]).startswith("clear, lexical: 0.")
    return path


def changed(path: Path, **values: Any) -> dict[str, Any]:
    whole = json.loads(path.read_text(encoding="utf-8"))
    whole["entries"][0].update(values)
    path.write_text(json.dumps(whole), encoding="utf-8")
    entry: dict[str, Any] = whole["entries"][0]
    return entry


def test_what_is_as_it_was_passes(baseline: Path, settings: Settings) -> None:
    (verdict,) = hold(baseline, settings)
    assert not verdict.fell and not verdict.notes and verdict.better == 0
    assert render_gate([verdict]).startswith("ok    clear, lexical: micro F1 0.")
    assert len(read(baseline)[0].codes) == 30
    assert max(map(len, baseline.read_text(encoding="utf-8").splitlines())) < 200


def test_a_worse_run_fails_and_its_notes_are_named(baseline: Path, settings: Settings) -> None:
    judged = measure("clear", "lexical", settings)
    missed = next(score for score in judged.scores if score.missed)
    codes = {name: list(one) for name, one in read(baseline)[0].codes.items()}
    codes[missed.encounter] = sorted(missed.gold)
    changed(baseline, codes=codes)
    (verdict,) = hold(baseline, settings)
    assert not verdict.fell  # below what it was, and within the interval
    (note,) = verdict.notes
    assert note.encounter == missed.encounter and set(note.lost) == missed.missed and note.after < note.before == 1
    changed(baseline, f1=0.95, low=0.9, high=0.99)
    (verdict,) = hold(baseline, settings)
    assert verdict.fell
    said = render_gate([verdict])
    assert (
        said.startswith("FELL  clear, lexical: micro F1 0.") and "baseline 0.950 [0.900, 0.990]; 1 notes worse" in said
    )
    assert f"{missed.encounter}: F1 1.00 -> {note.after:.2f}; lost {', '.join(note.lost)}" in said


def test_the_command_ends_with_1_where_a_score_fell(
    evaluate: Run, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BASELINE", baseline)
    assert evaluate("gate").status == 0
    changed(baseline, f1=0.95, low=0.9, high=0.99)
    ran = evaluate("gate")
    assert ran.status == 1 and ran.out.startswith("FELL  clear, lexical")


@pytest.mark.parametrize(("what", "said"), [("sha256", "another suite"), ("edition", "another edition")])
def test_a_baseline_of_something_else_is_refused(baseline: Path, settings: Settings, what: str, said: str) -> None:
    changed(baseline, **{what: "0" * 64})
    with pytest.raises(InputError, match=f"the baseline of clear is of {said} .* write it anew"):
        hold(baseline, settings)


def test_a_baseline_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no .*; write it with chartproof eval gate --update"):
        read(tmp_path / "gone.json")
    (tmp_path / "bad.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="is no baseline"):
        read(tmp_path / "bad.json")
