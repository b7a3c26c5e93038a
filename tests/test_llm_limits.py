"""An endpoint that is down, many asks at once, settings and secrets."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from agent.config import AnswerMode, Settings
from agent.errors import (
    EndpointDown,
    EndpointUnreachable,
    EngineError,
    ModelError,
    RequestRefused,
    SettingsError,
)
from agent.llm import Answer, Endpoint, render_request
from agent.llm.breaker import Breaker
from tests.asking import GOOD, KEY, NOTE, Asker, Items, settings_for
from tests.servers import Reply, Server, completion, refusal

# --- an endpoint that is down


def test_a_cassette_without_the_request_fails_at_once(tmp_path: Path) -> None:
    import vcr

    def cassettes(mode: str) -> Any:
        return vcr.VCR(record_mode=mode, match_on=["method", "path", "body"], cassette_library_dir=str(tmp_path))

    with Server(completion(GOOD)) as server, cassettes("once").use_cassette("one.yaml"):
        recorded = Asker(settings_for(server)).run()
    with cassettes("none").use_cassette("one.yaml"):
        assert Asker(settings_for("http://127.0.0.1:9/v1")).run().value == recorded.value
        asker = Asker(settings_for("http://127.0.0.1:9/v1", seed=3))
        error = asker.fail(EndpointUnreachable, calls=1)
    assert "CannotOverwrite" in str(error) and asker.waits == []


def test_the_breaker_opens_lets_one_through_and_closes() -> None:
    now = [0.0]
    with Server(*[refusal(503)] * 3, completion(GOOD), completion(GOOD)) as server:
        asker = Asker(settings_for(server, tries=1, breaker_failures=2))
        asker.endpoint._breaker = Breaker(2, 30, clock=lambda: now[0])
        for _ in range(2):
            asker.fail(EndpointUnreachable, calls=1)
        error = asker.fail(EndpointDown, calls=0)
        assert "CHARTPROOF_BASE_URL" in str(error) and "in 30 s" in str(error)
        assert len(server.requests) == 2
        now[0] = 30.0
        asker.fail(EndpointUnreachable, calls=1)
        asker.fail(EndpointDown, calls=0)
        now[0] = 60.0
        asker.run()
        asker.run()


def test_a_queue_whose_endpoint_goes_down_is_let_go() -> None:
    async def queue(asker: Asker) -> list[Any]:
        return list(await asyncio.gather(*(asker.ask() for _ in range(30)), return_exceptions=True))

    with Server(*[refusal(500)] * 4) as server:
        asker = Asker(settings_for(server, tries=2, concurrency=1, breaker_failures=2))
        outcomes = asyncio.run(queue(asker))
        assert len(server.requests) == 4
    assert [type(outcome) for outcome in outcomes] == [EndpointUnreachable] * 2 + [EndpointDown] * 28


def test_an_endpoint_that_refuses_is_not_down() -> None:
    with Server(*[refusal(400)] * 4) as server:
        asker = Asker(settings_for(server, breaker_failures=2))
        for _ in range(4):
            asker.fail(RequestRefused, calls=1)


def test_a_probe_that_is_cancelled_makes_room_for_the_next() -> None:
    now = [0.0]
    breaker = Breaker(1, 10, clock=lambda: now[0])
    assert breaker.enter() is None
    breaker.missed()
    assert breaker.enter() == 10
    now[0] = 10.0
    assert breaker.enter() is None and breaker.enter() == 0.0
    breaker.left()
    assert breaker.enter() is None
    breaker.reached()
    assert breaker.enter() is None and breaker.enter() is None


def test_a_cancelled_ask_leaves_nothing_behind() -> None:
    async def run(asker: Asker) -> None:
        await asker.ask()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asker.ask()
        await asker.ask()

    with Server(completion(GOOD), completion(GOOD, delay=5), completion(GOOD)) as server:
        asyncio.run(run(Asker(settings_for(server, concurrency=1))))


# --- many at once


def test_no_more_than_the_limit_run_at_once() -> None:
    async def run(asker: Asker) -> None:
        await asyncio.gather(*(asker.ask() for _ in range(12)))

    with Server(*[completion(GOOD, delay=0.02)] * 12) as server:
        asyncio.run(run(Asker(settings_for(server, concurrency=3))))
        assert server.busiest == 3


def test_one_endpoint_serves_many_loops_and_threads() -> None:
    with Server(*[completion(GOOD)] * 12) as server:
        asker = Asker(settings_for(server))
        answers: list[Answer[Any]] = [asker.run(), asker.run()]
        threads = [threading.Thread(target=lambda: answers.extend([asker.run(), asker.run()])) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 12 and all(answer.usage.calls == 1 for answer in answers)


def test_an_endpoint_can_be_closed_and_used_again() -> None:
    async def run(asker: Asker) -> None:
        await asker.endpoint.aclose()
        async with asker.endpoint:
            await asker.ask()
        await asker.ask()
        await asker.endpoint.aclose()

    with Server(completion(GOOD), completion(GOOD)) as server:
        asyncio.run(run(Asker(settings_for(server))))
        assert len(server.requests) == 2


# --- settings and secrets


def test_the_key_is_sent_and_a_server_of_ones_own_needs_none() -> None:
    with Server(completion(GOOD), completion(GOOD)) as server:
        Asker(settings_for(server, api_key=KEY)).run()
        Asker(settings_for(server)).run()
        assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {KEY}", "Bearer none"]


@pytest.mark.parametrize(
    "base_url",
    [
        None,
        "https://api.openai.com/v1",
        "https://eu.api.openai.com/v1",
        "https://mine.openai.azure.com/openai/v1/",
        "https://mine.services.ai.azure.com/openai/v1/",
    ],
)
def test_a_hosted_endpoint_needs_a_key(base_url: str | None) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY"):
        Endpoint(Settings(model="m", base_url=base_url))
    Endpoint(Settings(model="m", base_url=base_url, api_key=KEY))


@pytest.mark.parametrize("key", ["sk-\u00e9", "sk-a\nb", "sk-\x00"])
def test_a_key_that_can_not_be_sent(key: str) -> None:
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        Endpoint(Settings(model="m", api_key=key))
    assert key not in str(caught.value)


def test_without_a_model_the_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="CHARTPROOF_MODEL"):
        Endpoint(Settings(base_url="http://127.0.0.1:1/v1"))
    with pytest.raises(SettingsError, match="CHARTPROOF_MODEL"):
        render_request([], Items, Settings())


def test_settings_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "OPENAI_API_KEY": f" {KEY}\n",
            "CHARTPROOF_BASE_URL": "http://localhost:11434/v1",
            "CHARTPROOF_MODEL": "llama3",
            "CHARTPROOF_MODE": "tools",
            "CHARTPROOF_TEMPERATURE": "0",
            "CHARTPROOF_TIMEOUT": "9.5",
        }
    )
    assert settings.api_key is not None and settings.api_key.get_secret_value() == KEY
    assert (settings.mode, settings.temperature, settings.timeout, settings.seed) == (AnswerMode.TOOLS, 0.0, 9.5, None)
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert KEY not in shown
    assert Settings.from_environment({"OPENAI_API_KEY": ""}).api_key is None


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"CHARTPROOF_API_KEY": KEY}, "OPENAI_API_KEY"),
        ({"CHARTPROOF_BASE_URL": "localhost:8000/v1"}, "http://127.0.0.1:8000/v1"),
        ({"CHARTPROOF_BASE_URL": "http://"}, "http://127.0.0.1:8000/v1"),
        ({"CHARTPROOF_BASE_URL": "http://h:99999/v1"}, "http://127.0.0.1:8000/v1"),
        ({"CHARTPROOF_BASE_URL": "http://h:1/v1/chat/completions"}, "without /chat/completions"),
        ({"CHARTPROOF_BASE_URL": f"http://me:{KEY}@h/v1"}, "OPENAI_API_KEY"),
        ({"CHARTPROOF_BASE_URL": f"http://h/v1?api-key={KEY}"}, "OPENAI_API_KEY"),
        ({"CHARTPROOF_MODE": "xml"}, "json_schema"),
        ({"CHARTPROOF_TIMEOUT": "inf"}, "CHARTPROOF_TIMEOUT"),
        ({"CHARTPROOF_TRIES": "0"}, "CHARTPROOF_TRIES"),
        ({"CHARTPROOF_MODELS": "m"}, "CHARTPROOF_MODEL"),
    ],
)
def test_bad_settings_are_named_and_secrets_are_not_repeated(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        Settings.from_environment(environment)
    assert KEY not in str(caught.value) and caught.value.__cause__ is None or KEY not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    "script",
    [
        [completion(GOOD)],
        [completion({"items": [{"name": NOTE, "kind": 3}]}), completion({"items": NOTE})],
        [refusal(400, NOTE)],
        [Reply(b"", drop="before")],
    ],
)
def test_nothing_of_the_note_is_logged(script: list[Reply], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "instructor", "httpx2", "httpcore2", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    with Server(*script) as server:
        asker = Asker(settings_for(server, api_key=KEY, tries=1))
        try:
            asker.run()
        except ModelError as error:
            assert isinstance(error, EngineError)
        render_request([{"role": "user", "content": NOTE}], Items, settings_for(server))
    assert "pneumonia" not in caplog.text and KEY not in caplog.text


def test_a_model_is_loaded_only_when_it_is_asked() -> None:
    code = (
        "import sys, agent, agent.api, agent.cli, agent.lexical, agent.llm, agent.prompts\n"
        "print(sorted({'openai', 'instructor', 'tenacity', 'httpx2'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
