"""The dry run: what would be sent is shown, and nothing is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import main
from agent.codebook import CodeBook
from agent.config import OptionForm, SecondLook, Settings
from tests.test_engine import DIABETES, NOTE, judged, run


def dry(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, **environment: str) -> int:
    note = tmp_path / "visit.txt"
    note.write_text(NOTE, encoding="utf-8")
    # An address where nobody listens: a request would fail the test.
    values = {"CACHE": str(settings.cache), "MODEL": "m", "BASE_URL": "http://127.0.0.1:9/v1", **environment}
    for name, value in values.items():
        monkeypatch.setenv(f"CHARTPROOF_{name}", value)
    return main(["code", str(note), "--setting", "outpatient", "--dry-run"])


def test_both_requests_are_shown_with_their_size_and_cost(
    tmp_path: Path,
    codebook: CodeBook,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert dry(tmp_path, settings, monkeypatch, PRICE_PROMPT="1", PRICE_COMPLETION="2") == 0
    printed = capsys.readouterr().out
    bodies = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    assert [body["model"] for body in bodies] == ["m", "m"]
    assert bodies[0]["messages"][-1]["content"] == NOTE
    assert "2 calls" in printed and "USD" in printed and "Nothing was sent" in printed


def test_without_a_model_it_says_which_setting_to_give(
    tmp_path: Path,
    codebook: CodeBook,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("CHARTPROOF_MODEL", raising=False)
    note = tmp_path / "visit.txt"
    note.write_text(NOTE, encoding="utf-8")
    monkeypatch.setenv("CHARTPROOF_CACHE", str(settings.cache))
    assert main(["code", str(note), "--setting", "outpatient", "--engine", "llm"]) == 2
    assert "CHARTPROOF_MODEL" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "shown"), [(OptionForm.TITLES, False), (OptionForm.CODES, True)])
def test_options_are_offered_in_the_form_that_is_set(settings: Settings, form: OptionForm, shown: bool) -> None:
    _, endpoint = run(
        settings.model_copy(update={"option_form": form, "second_look": SecondLook.NONE}),
        ("propose", {"conditions": [DIABETES]}),
        ("critique", {"items": [judged(0, "a")]}),
    )
    items = endpoint.asked[1][1][-1]["content"]
    assert ("a) E11.9 Type 2" in items) is shown
    assert ("a) Type 2" in items) is not shown
