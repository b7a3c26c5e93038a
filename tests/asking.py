"""Asking an endpoint in tests: the answer that is asked for, and what it should cost to fail."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, Field

from agent.config import AnswerMode, Settings
from agent.errors import (
    ModelError,
)
from agent.llm import Answer, Endpoint
from agent.records import Record
from tests.servers import Reply, Server, completion

MODES = list(AnswerMode)
NOTE = "Assessment: community acquired pneumonia of the left lower lobe, treated with ceftriaxone."
KEY = "sk-proj-0123456789abcdef"


class Item(Record):
    """One condition."""

    name: str = Field(min_length=2)
    kind: str | None = None


class Items(Record):
    """What was found."""

    items: list[Item]


GOOD = {"items": [{"name": "pneumonia", "kind": None}]}
BAD = {"items": [{"name": "x", "kind": 3}, {}]}


def settings_for(server: Server | str, **changes: Any) -> Settings:
    url = server if isinstance(server, str) else server.url
    return Settings(**({"base_url": url, "model": "m", "tries": 3, "timeout": 5.0} | changes))


class Asker:
    """Asks one endpoint, and writes down how long it would have waited between tries."""

    def __init__(self, settings: Settings) -> None:
        self.waits: list[float] = []
        self.endpoint = Endpoint(settings, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def ask(
        self, check: Callable[[Any], str | None] | None = None, answer: type[BaseModel] = Items
    ) -> Answer[Any]:
        messages = [{"role": "system", "content": "List the conditions."}, {"role": "user", "content": NOTE}]
        return await self.endpoint.ask(messages, answer, step="propose", encounter="e1", check=check)

    def run(self, check: Callable[[Any], str | None] | None = None, answer: type[BaseModel] = Items) -> Answer[Any]:
        return asyncio.run(self.ask(check, answer))

    def fail(
        self, kind: type[ModelError], *, calls: int, check: Callable[[Any], str | None] | None = None
    ) -> ModelError:
        with pytest.raises(ModelError) as caught:
            self.run(check)
        error = caught.value
        assert type(error) is kind, repr(error)
        assert (error.encounter, error.step, error.usage.calls, error.exit_code) == ("e1", "propose", calls, 3)
        assert NOTE not in str(error)
        return error


def said(value: Any, mode: AnswerMode, **more: Any) -> Reply:
    return completion(value, tool="Items" if mode is AnswerMode.TOOLS else None, **more)


def closed_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
