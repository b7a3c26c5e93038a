"""Recording and replay: a real server is asked once, and never again; what was not recorded fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.config import SecondLook, Settings
from agent.errors import ModelError
from agent.records import Document, Encounter, Setting
from evals.recorded import code_on_tape
from tests.servers import Server, completion
from tests.test_engine import DIABETES, NOTE, judged


def encounter(text: str = NOTE) -> Encounter:
    return Encounter(id="visit", setting=Setting.OUTPATIENT, documents=(Document(id="visit", text=text),))


def with_model(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"model": "m", "base_url": url, "tries": 1, "second_look": SecondLook.NONE})


@pytest.fixture
def tape(tmp_path: Path, settings: Settings) -> tuple[Path, Settings]:
    path = tmp_path / "visit.json"
    answers = completion({"conditions": [DIABETES]}), completion({"items": [judged(0, "a")]})
    with Server(*answers) as server:
        asked = with_model(settings, server.url)
        replay = code_on_tape(encounter(), path, asked, record=True)
        assert [code.code for code in replay.coding.codes] == ["E11.9"]
    return path, asked


def test_what_was_recorded_replays_with_no_server(tape: tuple[Path, Settings]) -> None:
    path, settings = tape
    replay = code_on_tape(encounter(), path, settings)
    assert replay.all_played
    assert [code.code for code in replay.coding.codes] == ["E11.9"]
    assert replay.coding.audit.usage.calls == 2


def test_another_address_replays_too_but_another_body_does_not(tape: tuple[Path, Settings]) -> None:
    path, settings = tape
    elsewhere = settings.model_copy(update={"base_url": "http://127.0.0.1:1/v1"})
    assert code_on_tape(encounter(), path, elsewhere).all_played
    with pytest.raises(ModelError):
        code_on_tape(encounter(NOTE + "One more line."), path, settings)


def test_no_key_is_recorded(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "visit.json"
    answers = completion({"conditions": [DIABETES]}), completion({"items": [judged(0, "a")]})
    with Server(*answers) as server:
        keyed = with_model(settings, server.url).model_copy(update={"api_key": SecretStr("sk-very-secret")})
        code_on_tape(encounter(), path, keyed, record=True)
    assert "sk-very-secret" not in path.read_text(encoding="utf-8")
