"""Meter: an endpoint that knows what each encounter has cost, also where it failed in the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel

from agent.config import Settings
from agent.errors import ModelError
from agent.llm import Answer, Endpoint, Message
from agent.records import Usage

T = TypeVar("T", bound=BaseModel)


class MeteredEndpoint(Endpoint):
    """An endpoint that counts by encounter."""

    def __init__(self, settings: Settings) -> None:
        """As `Endpoint`."""
        super().__init__(settings)
        self._spent: dict[str, Usage] = {}

    async def ask(
        self,
        messages: Sequence[Message],
        answer: type[T],
        *,
        step: str,
        encounter: str,
        check: Callable[[T], str | None] | None = None,
    ) -> Answer[T]:
        """As `Endpoint.ask`."""
        try:
            got = await super().ask(messages, answer, step=step, encounter=encounter, check=check)
        except ModelError as error:
            self.count(encounter, error.usage)
            raise
        self.count(encounter, got.usage)
        return got

    def count(self, encounter: str, usage: Usage) -> None:
        """Add a cost to those of an encounter."""
        self._spent[encounter] = self.spent(encounter) + usage

    def spent(self, encounter: str) -> Usage:
        """What was spent on an encounter until now."""
        return self._spent.get(encounter, Usage())

    def saved(self, encounter: str) -> float:
        """Of the seconds of `spent`, those that did not pass in this process; here none."""
        return 0.0
