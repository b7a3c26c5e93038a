"""Cassettes of a suite: recorded many at once, replayed with no server, and mended where something is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.config import Settings
from agent.errors import InputError, SettingsError
from evals.cases import Suite
from evals.recorded import RECORDED_AS, cassette_path
from evals.run import Done, Wanted, carry_out, record_tapes
from evals.sources import Options, open_suite
from evals.store import refer
from evals.suites import SUITES
from tests.evals.answering import Model, write_suite


@pytest.fixture
def tapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the cassettes of every encounter, in the place of the project's."""
    folder = tmp_path / "tapes"
    for module in ("recorded", "run"):
        monkeypatch.setattr(f"evals.{module}.cassette_path", lambda encounter: folder / f"{encounter}.json")
    return folder


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return open_suite(str(write_suite(tmp_path / "suite", 5)))


def recording(model: Model, settings: Settings) -> Settings:
    return RECORDED_AS.model_copy(update={"base_url": model.url, "cache": settings.cache, "tries": 1})


def replay(suite: Suite, settings: Settings, runs: Path) -> Done:
    return carry_out(suite, refer(suite, "suite", Options()), Wanted("recorded", runs=runs), settings)


def requests_of(tape: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(tape.read_text(encoding="utf-8"))["interactions"]
    return found


def rewrite(tape: Path, interactions: list[dict[str, Any]]) -> None:
    whole = json.loads(tape.read_text(encoding="utf-8"))
    tape.write_text(json.dumps({**whole, "interactions": interactions}), encoding="utf-8")


def test_a_suite_is_recorded_and_replayed_with_no_server(
    tapes: Path, suite: Suite, settings: Settings, codebook: object, tmp_path: Path
) -> None:
    with Model(delay=0.05) as model:
        outcomes = record_tapes(suite, recording(model, settings))
        assert not any(outcome.failure for outcome in outcomes) and len(model.requests) == 10
        assert model.busiest > 1
    assert sorted(path.stem for path in tapes.iterdir()) == [f"visit_0{number}" for number in range(5)]
    done = replay(suite, settings, tmp_path / "runs")
    assert [outcome.codes[0] for outcome in done.outcomes] == ["E11.9", "I10", "J45.40", "E11.9", "I10"]
    assert all(outcome.usage.calls == 2 and not outcome.failure for outcome in done.outcomes)


def test_recording_again_asks_for_nothing_and_mends_what_is_missing(
    tapes: Path, suite: Suite, settings: Settings, codebook: object
) -> None:
    with Model() as model:
        record_tapes(suite, recording(model, settings))
        record_tapes(suite, recording(model, settings))
        assert len(model.requests) == 10
        tape = tapes / "visit_03.json"
        rewrite(tape, requests_of(tape)[:1])
        record_tapes(suite, recording(model, settings))
        assert len(model.requests) == 11 and len(requests_of(tape)) == 2


def test_what_is_not_asked_for_any_more_is_dropped(
    tapes: Path, suite: Suite, settings: Settings, codebook: object, tmp_path: Path
) -> None:
    with Model() as model:
        record_tapes(suite, recording(model, settings))
        tape = tapes / "visit_00.json"
        asked = requests_of(tape)
        rewrite(tape, [*asked, json.loads(json.dumps(asked[0]).replace("visit number", "visit NUMBER"))])
        with pytest.raises(InputError, match=r"a recorded request that is not made any more: visit_00\."):
            replay(suite, settings, tmp_path / "runs")
        record_tapes(suite, recording(model, settings))
        assert len(model.requests) == 10
    assert len(requests_of(tape)) == 2


def test_every_encounter_that_cannot_be_replayed_is_named(
    tapes: Path, suite: Suite, settings: Settings, codebook: object, tmp_path: Path
) -> None:
    with Model() as model:
        record_tapes(suite, recording(model, settings))
    (tapes / "visit_01.json").unlink()
    text = (tapes / "visit_04.json").read_text(encoding="utf-8")
    (tapes / "visit_04.json").write_text(text.replace("visit number", "visit NUMBER"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        replay(suite, settings, tmp_path / "runs")
    assert "2 of 5 encounters can't be replayed" in str(caught.value)
    assert "never recorded: visit_01; a request that was never recorded: visit_04." in str(caught.value)


def test_new_cassettes_are_another_run(
    tapes: Path, suite: Suite, settings: Settings, codebook: object, tmp_path: Path
) -> None:
    with Model() as model:
        record_tapes(suite, recording(model, settings))
    first = replay(suite, settings, tmp_path / "runs")
    for path in tapes.iterdir():
        path.unlink()
    with Model(wrong={"J45.40": "J45.50"}) as model:
        record_tapes(suite, recording(model, settings))
    second = replay(suite, settings, tmp_path / "runs")
    assert first.folder.path != second.folder.path
    assert [outcome.codes for outcome in second.outcomes][2] == ("J45.50",)


def test_a_failed_reply_is_not_recorded(tapes: Path, suite: Suite, settings: Settings, codebook: object) -> None:
    with Model() as model:
        model.status = 500
        outcomes = record_tapes(suite, recording(model, settings).model_copy(update={"concurrency": 1}))
        assert all(outcome.failure for outcome in outcomes[:4])
        model.status = 200
        record_tapes(suite, recording(model, settings))
        assert len(model.answered) == 10
    assert all(len(requests_of(path)) == 2 for path in tapes.iterdir())


def test_settings_that_a_replay_would_not_share_are_refused(suite: Suite, settings: Settings) -> None:
    other = RECORDED_AS.model_copy(update={"cache": settings.cache, "temperature": 0.0})
    with pytest.raises(SettingsError, match="CHARTPROOF_TEMPERATURE is 0.0, and cassettes are recorded"):
        record_tapes(suite, other)


def test_what_stops_every_encounter_is_told_once(
    tapes: Path, suite: Suite, settings: Settings, codebook: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a group of errors, which the command line would call a defect."""

    async def refuse(*_: object) -> None:
        raise SettingsError("the key is set wrong", name="api_key")

    monkeypatch.setattr("evals.recorded.Recorded.code", refuse)
    with Model() as model, pytest.raises(SettingsError, match="the key is set wrong"):
        record_tapes(suite, recording(model, settings))


def test_cassettes_answer_no_other_prompts(suite: Suite, settings: Settings, codebook: object, tmp_path: Path) -> None:
    mine = settings.model_copy(update={"prompts": tmp_path})
    with pytest.raises(SettingsError, match="cassettes answer the prompts of the project only"):
        replay(suite, mine, tmp_path / "runs")


def test_cassettes_lie_by_suite() -> None:
    folders = {"outpatient", "inpatient", "other"}
    for path in SUITES.rglob("*.toml"):
        place = cassette_path(path.stem)
        assert place is not None and place.parent.name == path.parent.name and path.parent.name in folders
    assert cassette_path("rheum_obesity_cough") is not None and cassette_path("nobody") is None
