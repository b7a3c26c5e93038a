"""Subject: what a run measures. It is given one case after another and says what it made of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from agent.api import Opened, acode_encounter
from agent.commands.console import defect
from agent.config import Settings
from agent.engine import ModelEngine
from agent.errors import (
    ChartproofError,
    CodeTableError,
    EndpointDown,
    KeyRefused,
    ModelNotFound,
    PromptError,
    SettingsError,
)
from agent.pipeline import Engine
from agent.records import Draft, Finding, Scope
from evals.cases import Case
from evals.meter import MeteredEndpoint
from evals.outcome import Outcome, read_steps

STOPS = (SettingsError, CodeTableError, PromptError, EndpointDown, KeyRefused, ModelNotFound)
"""Errors that every other encounter would end with too: the run stops, and goes on from there when it is mended."""


class Timed(NamedTuple):
    """An outcome, and when its encounter was begun."""

    outcome: Outcome
    started: str


class Subject(Protocol):
    """What is measured; `at_once` is how many encounters it may be given at once. Used as an async context manager."""

    at_once: int

    async def __aenter__(self) -> Subject:
        """The subject itself, ready."""

    async def __aexit__(self, *_: object) -> None:
        """Let go of what belongs to the running event loop."""

    async def code(self, case: Case) -> Timed:
        """What came of one case: an outcome in any event but `STOPS`."""


class Pipeline:
    """The pipeline with one of its engines: the lexical one, or a model behind an endpoint."""

    def __init__(self, opened: Opened, settings: Settings, scope: Scope, endpoint: MeteredEndpoint | None) -> None:
        """`endpoint` is None for the lexical engine."""
        self._book = opened.book
        self._settings = settings
        self._scope = scope
        self._endpoint = endpoint
        self._engine: Engine = opened.lexical
        self.at_once = 1
        if endpoint is not None:
            self._engine = ModelEngine(endpoint, opened.book, opened.lexical, settings)
            # Some wait for a model while others are looked up; the endpoint itself holds to the concurrency.
            self.at_once = 2 * settings.concurrency

    async def __aenter__(self) -> Pipeline:
        """The subject itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the endpoint, if there is one."""
        if self._endpoint is not None:
            await self._endpoint.aclose()

    async def code(self, case: Case) -> Timed:
        """The coding of one case, or why it failed; nothing it cost is lost."""
        name, began, started = case.encounter.id, time.perf_counter(), datetime.now(UTC)
        drafts: list[Draft] = []

        def watch(draft: Draft, findings: Sequence[Finding]) -> None:
            drafts.append(draft)

        try:
            coding = await acode_encounter(
                case.encounter, scope=self._scope, engine=self._engine, settings=self._settings, watch=watch
            )
        except STOPS:
            raise
        except Exception as error:
            outcome = Outcome(encounter=name, failure=why(error))
        else:
            outcome = Outcome(
                encounter=name,
                codes=tuple(code.code for code in coding.codes),
                coding=coding,
                steps=read_steps(drafts[0], coding, self._book),
            )
        return timed(outcome, self._endpoint, started, time.perf_counter() - began)


def timed(outcome: Outcome, endpoint: MeteredEndpoint | None, started: datetime, seconds: float) -> Timed:
    """The outcome with what it cost: the tokens that the endpoint counted, and the seconds that it would have taken."""
    saved, usage = 0.0, outcome.usage
    if endpoint is not None:
        usage, saved = endpoint.spent(outcome.encounter), endpoint.saved(outcome.encounter)
    usage = usage.model_copy(update={"seconds": round(seconds + saved, 6)})
    return Timed(outcome.model_copy(update={"usage": usage}), started.isoformat(timespec="seconds"))


def why(error: Exception) -> str:
    """One line for a failure: its kind and message; of an error that nobody foresaw its kind and place alone."""
    if isinstance(error, ChartproofError):
        return f"{type(error).__name__}: {error}"
    return defect(error)
