"""The gate: passes what is as good as it was, fails on a worse run with its notes, and is written anew on demand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.config import Settings
from agent.errors import InputError
from agent.records import Family
from evals import gate
from evals.gate import gated, hold, measure, read, render_gate, update
from evals.judged import Judged
from evals.outcome import Outcome
from evals.score import score_all
from evals.suites import SUITES
from tests.evals.conftest import Run


@pytest.fixture(scope="module")
def measured(settings: Settings, codebook: object) -> Judged:
    """What the lexical engine scores on the thirty notes now."""
    return measure("clear", "lexical", settings)


@pytest.fixture
def baseline(tmp_path: Path, measured: Judged, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A baseline of that alone, which is all that is gated here."""
    path = tmp_path / "baseline.json"
    assert update(path, [measured]).startswith("clear, lexical: 0.")
    monkeypatch.setattr(gate, "gated", lambda: [("clear", "lexical")])
    return path


def changed(path: Path, **values: Any) -> None:
    whole = json.loads(path.read_text(encoding="utf-8"))
    whole["entries"][0].update(values)
    path.write_text(json.dumps(whole), encoding="utf-8")


def without_first_hits(judged: Judged, names: Sequence[str], *, failure: str = "") -> Judged:
    """The same run with a right code less in each of these notes, or failed there."""
    first = {score.encounter: min(score.hit, default="") for score in judged.scores}
    outcomes = []
    for outcome in judged.outcomes:
        if outcome.encounter in names:
            codes = tuple(code for code in outcome.codes if code != first[outcome.encounter])
            outcome = Outcome(encounter=outcome.encounter, codes=() if failure else codes, failure=failure)
        outcomes.append(outcome)
    return judged._replace(outcomes=tuple(outcomes), scores=score_all(judged.suite, outcomes, judged.book))


def test_what_is_as_it_was_passes(baseline: Path, settings: Settings) -> None:
    (verdict,) = hold(baseline, settings)
    assert not verdict.fell and not verdict.notes and verdict.better == 0
    said = render_gate([verdict])
    assert said.startswith("ok    clear, lexical: micro F1 0.") and "difference +0.000 [+0.000, +0.000]" in said
    assert len(read(baseline)[0].codes) == 30
    assert max(map(len, baseline.read_text(encoding="utf-8").splitlines())) < 200


def test_a_family_of_rules_that_is_off_is_a_fall_below_the_interval(baseline: Path, settings: Settings) -> None:
    worse = settings.model_copy(update={"rules_off": frozenset((Family.SPECIFICITY,))})
    (verdict,) = hold(baseline, worse)
    assert verdict.fell and verdict.f1 < verdict.entry.low
    assert "it is below the baseline's interval; mend it, or accept it with" in render_gate([verdict])


def test_a_loss_that_is_certain_fails_within_the_interval(baseline: Path, settings: Settings) -> None:
    worse = settings.model_copy(update={"rules_off": frozenset((Family.DOCUMENTATION,))})
    (verdict,) = hold(baseline, worse)
    assert verdict.entry.low < verdict.f1 < verdict.entry.f1  # which alone would pass
    assert verdict.fell and verdict.gained is not None and verdict.gained.high < 0
    said = render_gate([verdict])
    assert said.startswith("FELL  clear, lexical: micro F1 0.") and "the loss is certain: the whole interval" in said
    assert len(verdict.notes) > 5 and all(note.after < note.before for note in verdict.notes)
    for note in verdict.notes:  # uncertain and absent conditions, which the family leaves out, are coded
        assert note.extra and f"      {note.encounter}: F1 {note.before:.2f} -> {note.after:.2f}" in said
        assert f"; new and wrong {', '.join(note.extra)}" in said


def test_codes_that_are_lost_fail_once_they_are_no_chance(
    baseline: Path, settings: Settings, measured: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = [score.encounter for score in measured.scores if score.hit]
    for count, fell in ((0, False), (1, False), (8, True)):
        now = without_first_hits(measured, right[:count])
        monkeypatch.setattr(gate, "measure", lambda *_, now=now, **__: now)
        (verdict,) = hold(baseline, settings)
        assert verdict.fell is fell and {note.encounter for note in verdict.notes} == set(right[:count])
        assert all(len(note.lost) == 1 and not note.extra for note in verdict.notes)
        assert verdict.f1 >= verdict.entry.low


def test_a_note_that_failed_says_why(
    baseline: Path, settings: Settings, measured: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = max(measured.scores, key=lambda score: score.f1)
    now = without_first_hits(measured, [best.encounter], failure="NoteError: it is empty")
    monkeypatch.setattr(gate, "measure", lambda *_, **__: now)
    said = render_gate(hold(baseline, settings))
    assert f"{best.encounter}: F1 {best.f1:.2f} -> 0.00; lost {', '.join(sorted(best.hit))}; failed: NoteError" in said


def test_a_score_at_the_end_of_its_interval_does_not_fall_by_rounding(
    baseline: Path, settings: Settings, measured: Judged
) -> None:
    (verdict,) = hold(baseline, settings)
    exactly = verdict._replace(f1=2 / 3, entry=verdict.entry.model_copy(update={"low": round(2 / 3, 4)}))
    assert exactly.entry.low > exactly.f1 and not exactly.fell
    assert exactly._replace(f1=0.66).fell


def test_the_command_ends_with_1_where_a_score_fell(
    evaluate: Run, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BASELINE", baseline)
    assert evaluate("gate").status == 0
    ran = evaluate("gate", rules_off="documentation")
    assert ran.status == 1 and ran.out.startswith("FELL  clear, lexical")


def test_every_suite_is_gated_with_each_engine_that_can_run_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = {path.parent.name for path in SUITES.rglob("*.toml")} | {"clear"}
    assert names >= {"outpatient", "inpatient", "other", "clear"}
    assert set(gated()) == {(name, engine) for name in names for engine in ("lexical", "recorded")}
    monkeypatch.setattr(gate, "cassette_path", lambda encounter: tmp_path / f"{encounter}.json")
    assert set(gated()) == {(name, "lexical") for name in names}
    (tmp_path / "rheum_obesity_cough.json").touch()
    assert set(gated()) == {(name, "lexical") for name in names} | {("clear", "recorded")}


def test_a_suite_or_engine_without_an_entry_is_no_pass(
    evaluate: Run, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BASELINE", baseline)
    monkeypatch.setattr(gate, "gated", lambda: [("clear", "lexical"), ("clear", "recorded"), ("other", "lexical")])
    ran = evaluate("gate")
    assert ran.status == 2 and ran.out == ""
    assert "has no entry for clear with the engine recorded; other with the engine lexical" in ran.err
    assert "write it anew with chartproof eval gate --update" in ran.err


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
