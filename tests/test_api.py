"""The calls that a backend makes: typed results, typed errors, safe in threads and in asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import agent
from agent import acode_note, api, code_encounter, code_note
from agent.codebook import CodeBook
from agent.config import Settings
from agent.errors import CodeTableError, InputError, NoteError, SettingsError
from agent.records import Coding, Document, Encounter, Scope, Setting

NOTE = "Assessment: asthma, stable. Continue albuterol.\nDenies chest pain.\n"


@pytest.fixture
def ready(settings: Settings, codebook: CodeBook) -> Settings:
    """Settings whose code table is built."""
    return settings


def codes(coding: Coding) -> list[str]:
    return [code.code for code in coding.codes]


def test_public_names_are_there() -> None:
    assert sorted(agent.__all__) == agent.__all__
    for name in agent.__all__:
        assert getattr(agent, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing"):
        agent.nothing  # noqa: B018


def test_a_note_is_coded_with_quotes_in_place(ready: Settings) -> None:
    coding = code_note(NOTE, setting="outpatient", date_of_service="2026-05-04", settings=ready)
    assert codes(coding) == ["J45.909"]
    assert [(one.code, one.reason) for one in coding.excluded] == [("R07.9", "negated")]
    assert (coding.setting, coding.scope, coding.date_of_service) == ("outpatient", "claim", date(2026, 5, 4))
    for code in (*coding.codes, *coding.excluded):
        assert code.evidence
        assert all(NOTE[one.start : one.end] == one.text for one in code.evidence)


def test_the_result_is_the_same_by_every_way(ready: Settings) -> None:
    def bare(coding: Coding) -> Any:
        return coding.model_dump(exclude={"audit"})

    async def inside() -> Coding:
        return code_note(NOTE, setting="outpatient", settings=ready)  # an event loop runs in this thread

    expected = bare(code_note(NOTE, setting="outpatient", settings=ready))
    encounter = Encounter(id="note", setting=Setting.OUTPATIENT, documents=(Document(id="note", text=NOTE),))
    assert bare(asyncio.run(acode_note(NOTE, setting="outpatient", settings=ready))) == expected
    assert bare(asyncio.run(inside())) == expected
    assert bare(code_encounter(encounter, settings=ready)) == expected
    assert bare(Coding.model_validate_json(code_encounter(encounter, settings=ready).model_dump_json())) == expected
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: bare(code_note(NOTE, setting="outpatient", settings=ready)), range(24)))
    assert results == [expected] * 24


def test_an_encounter_of_several_documents_names_the_one_of_each_quote(ready: Settings) -> None:
    texts = {"visit": NOTE, "addendum": "Assessment: gout, start allopurinol.\n"}
    coding = code_encounter(
        Encounter(
            id="e1",
            setting=Setting.OUTPATIENT,
            documents=tuple(Document(id=name, text=text) for name, text in texts.items()),
        ),
        settings=ready,
    )
    assert sorted(codes(coding)) == ["J45.909", "M10.9"]
    quotes = [one for code in coding.codes for one in code.evidence]
    assert {one.document for one in quotes} == set(texts)
    assert all(texts[one.document][one.start : one.end] == one.text for one in quotes)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2026-05-04", date(2026, 5, 4)),
        (date(2026, 5, 4), date(2026, 5, 4)),
        (datetime(2026, 5, 4, 23, 59, tzinfo=UTC), date(2026, 5, 4)),
        (None, None),
    ],
)
def test_dates_in_every_form(given: Any, day: date | None) -> None:
    found = api.read_date(given)
    assert found == day and type(found) is type(day)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"text": b"asthma"}, "the note is bytes, not text; decode it"),
        ({"text": None}, "the note is NoneType, not text"),
        ({"setting": "clinic"}, "give 'outpatient'"),
        ({"setting": None}, "there is no default"),
        ({"scope": "all"}, "give 'claim' or 'mentions'"),
        ({"date_of_service": "2026-02-30"}, "such as 2026-05-04"),
        ({"date_of_service": 20260504}, "is no date"),
        ({"encounter_id": ""}, "is no name"),
        ({"engine": "gpt"}, "the engine 'gpt' is not known"),
    ],
)
def test_a_wrong_argument_is_an_input_error_that_names_the_mend(
    ready: Settings, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        code_note(**({"text": NOTE, "setting": "outpatient", "settings": ready} | arguments))
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["", " \n", "\ufeff", "a\ud800b asthma", "x" * 5_000_001])
def test_a_note_that_cannot_be_coded_is_a_note_error(ready: Settings, text: str) -> None:
    with pytest.raises(NoteError) as caught:
        code_note(text, setting="outpatient", settings=ready, encounter_id="visit7")
    assert caught.value.document == "visit7"
    assert caught.value.exit_code == 2


def test_a_cache_that_cannot_be_written_is_a_code_table_error(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(CodeTableError, match="CHARTPROOF_CACHE"):
        code_note(NOTE, setting="outpatient", settings=Settings(cache=tmp_path / "taken"))


def test_settings_come_from_the_environment(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTPROOF_CACHE", str(ready.cache))
    monkeypatch.setenv("CHARTPROOF_CHUNK_TOKENS", "777")
    assert code_note(NOTE, setting="outpatient", scope=Scope.MENTIONS).audit.settings["chunk_tokens"] == "777"
    monkeypatch.setenv("CHARTPROOF_NOTHING", "1")
    with pytest.raises(SettingsError, match="CHARTPROOF_NOTHING"):
        code_note(NOTE, setting="outpatient")


def test_the_event_loop_goes_on_while_the_code_table_is_opened(
    ready: Settings, codebook: CodeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(settings: Settings, *, progress: Callable[[str], None] | None = None) -> CodeBook:
        time.sleep(0.2)
        return codebook

    async def both() -> int:
        ticks, opening = 0, asyncio.create_task(acode_note(NOTE, setting="outpatient", settings=ready))
        while not opening.done():
            ticks += 1
            await asyncio.sleep(0.01)
        assert codes(await opening) == ["J45.909"]
        return ticks

    monkeypatch.setattr(api, "_opened", {})
    monkeypatch.setattr(CodeBook, "open", slowly)
    assert asyncio.run(both()) > 5


def test_the_table_is_opened_once_for_many_threads(
    ready: Settings, codebook: CodeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Settings] = []

    def count(settings: Settings, *, progress: Callable[[str], None] | None = None) -> CodeBook:
        opened.append(settings)
        return codebook

    monkeypatch.setattr(api, "_opened", {})
    monkeypatch.setattr(CodeBook, "open", count)
    with ThreadPoolExecutor(4) as pool:
        assert len({id(one) for one in pool.map(lambda _: api.open_all(ready), range(8))}) == 1
    assert opened == [ready]
