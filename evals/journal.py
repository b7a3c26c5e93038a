"""Journal: every answer of a model under the hash of what was asked; a run that is started again pays nothing twice.

An answer is on the disk before it is used. What is not here: replies that were on their way when the process was killed
(at most as many as asks run at once), and requests that never reached the model.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from agent import errors
from agent.config import Settings
from agent.errors import (
    AnswerError,
    EndpointDown,
    EndpointUnreachable,
    KeyRefused,
    ModelError,
    ModelNotFound,
    RateLimited,
)
from agent.llm import Answer, Message
from agent.records import Usage
from evals.lines import Lines, damaged, read_lines
from evals.meter import MeteredEndpoint

T = TypeVar("T", bound=BaseModel)

PASSING = (EndpointUnreachable, EndpointDown, RateLimited, KeyRefused, ModelNotFound)
"""Errors of the endpoint's state and not of the request: asking again later may well be answered, so none is kept."""

_CHANGE_ANSWERS = ("base_url", "mode", "answer_tokens", "temperature", "seed")


class Kept(NamedTuple):
    """One line: an answer, or the error that came in its place; and what it cost."""

    answer: Any
    failure: str
    message: str
    reply: str
    usage: Usage


class Journal:
    """The answers of one run, and those of earlier runs that may be used again.

    Of several answers to a request the last one is used, the run's own before any other. A failure is the run's own
    alone, and counts only where no journal has an answer that does.
    """

    def __init__(self, path: Path, *, earlier: Iterable[Path] = (), failures: bool = True) -> None:
        """Read `path`, which new answers are added to, and the journals `earlier`; leave `failures` out or not.

        Raises:
            InputError: a line that is damaged, or a file that another process adds to.
        """
        self._answers: dict[str, Kept] = {}
        self._failures: dict[str, Kept] = {}
        for journal in (*earlier, path):
            for number, line in read_lines(journal):
                try:
                    kept = Kept(line["answer"], line["failure"], line["message"], line["reply"], Usage(**line["usage"]))
                    key = line["request"]
                except (KeyError, TypeError, ValidationError):
                    raise damaged(journal, number) from None
                if not kept.failure or (journal == path and failures):
                    self._hold(key, kept)
        self._lines = Lines(path)

    def get(self, key: str) -> list[Kept]:
        """What was kept for a request, in the order in which it is to be tried: an answer, then a failure."""
        return [held[key] for held in (self._answers, self._failures) if key in held]

    def keep(self, key: str, kept: Kept, *, step: str, encounter: str) -> None:
        """Write what came for a request; it is on the disk when this returns."""
        line = {
            "request": key,
            "encounter": encounter,
            "step": step,
            "answer": kept.answer,
            "failure": kept.failure,
            "message": kept.message,
            "reply": kept.reply,
            "usage": kept.usage.model_dump(),
        }
        self._lines.add(json.dumps(line))
        self._hold(key, kept)

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _hold(self, key: str, kept: Kept) -> None:
        (self._failures if kept.failure else self._answers)[key] = kept


class JournalEndpoint(MeteredEndpoint):
    """An endpoint that looks into its journal first, and keeps what it is answered."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        """As `Endpoint`."""
        super().__init__(settings)
        self._asked_with = settings
        self._journal = journal
        self._saved: dict[str, float] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def ask(
        self,
        messages: Sequence[Message],
        answer: type[T],
        *,
        step: str,
        encounter: str,
        check: Callable[[T], str | None] | None = None,
    ) -> Answer[T]:
        """As `Endpoint.ask`; a request that the journal holds is answered from it, at the cost that it had then."""
        key = request_key(messages, answer, self._asked_with)
        # Two documents with the same text ask the same: the second waits and finds the first one's answer.
        async with self._turns.setdefault(key, asyncio.Lock()):
            for kept in self._journal.get(key):
                found = self._read(kept, answer, check, step=step, encounter=encounter)
                if found is not None:
                    return found
            try:
                got = await super().ask(messages, answer, step=step, encounter=encounter, check=check)
            except PASSING:
                raise
            except ModelError as error:
                reply = error.reply if isinstance(error, AnswerError) else ""
                failed = Kept(None, type(error).__name__, str(error), reply, error.usage)
                self._journal.keep(key, failed, step=step, encounter=encounter)
                raise
            new = Kept(got.value.model_dump(mode="json"), "", "", "", got.usage)
            self._journal.keep(key, new, step=step, encounter=encounter)
            return got

    def saved(self, encounter: str) -> float:
        """Of the seconds of `spent`, those of answers that were read from the journal."""
        return self._saved.get(encounter, 0.0)

    def _read(
        self, kept: Kept, answer: type[T], check: Callable[[T], str | None] | None, *, step: str, encounter: str
    ) -> Answer[T] | None:
        """The answer that was kept; None where it does not do any more, so that it is asked for anew.

        Raises:
            ModelError: the error that was kept in an answer's place.
        """
        value: T | None = None
        if not kept.failure:
            try:
                value = answer.model_validate(kept.answer)
            except ValidationError:
                return None
            if check is not None and check(value):
                return None
        self.count(encounter, kept.usage)
        self._saved[encounter] = self.saved(encounter) + kept.usage.seconds
        if value is None:
            raise _error(kept, step=step, encounter=encounter)
        return Answer(value, kept.usage)


def request_key(messages: Sequence[Message], answer: type[BaseModel], settings: Settings) -> str:
    """The SHA-256 (hex) of everything that decides what a model answers; not how often or how long it is tried."""
    asked = {
        "model": settings.model,
        "messages": list(messages),
        "schema": answer.model_json_schema(),
        **{name: str(getattr(settings, name)) for name in _CHANGE_ANSWERS},
    }
    # Key order stays: in a schema it is the order in which a model fills in its answer.
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def _error(kept: Kept, *, step: str, encounter: str) -> ModelError:
    """The error that was kept, as it was raised."""
    kind: type[ModelError] = getattr(errors, kept.failure)
    if issubclass(kind, AnswerError):
        return kind(kept.message, encounter=encounter, step=step, usage=kept.usage, reply=kept.reply)
    return kind(kept.message, encounter=encounter, step=step, usage=kept.usage)
