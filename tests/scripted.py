"""A model that answers from a script: an unplanned call fails, and so does an unused line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from agent.llm import Answer
from agent.records import Usage


class ScriptedEndpoint:
    """Stands in for `agent.llm.Endpoint`; each line is an answer (a dict) or an exception, with the step it is for."""

    model = "scripted"

    def __init__(self, *lines: tuple[str, Any]) -> None:
        self.lines = list(lines)
        self.asked: list[tuple[str, list[dict[str, str]]]] = []
        self.complaints: list[str] = []

    async def ask(
        self,
        messages: Sequence[dict[str, str]],
        answer: type[BaseModel],
        *,
        step: str,
        encounter: str,
        check: Callable[[Any], str | None] | None = None,
    ) -> Answer[Any]:
        assert self.lines, f"an unplanned call: {step}"
        planned, line = self.lines.pop(0)
        assert planned == step
        self.asked.append((step, list(messages)))
        if isinstance(line, Exception):
            raise line
        if callable(line):
            line = line(messages)
        value = answer.model_validate(line)
        wrong = check(value) if check else None
        if wrong is not None:
            self.complaints.append(wrong)
            return await self.ask(messages, answer, step=step, encounter=encounter, check=check)
        return Answer(value, Usage(calls=1, prompt_tokens=100, completion_tokens=10, seconds=0.5))

    def done(self) -> None:
        assert not self.lines, f"lines that nobody asked for: {self.lines}"
