"""Run: a suite given to a subject, each outcome kept in its place; killed at any point, it goes on where it was.

The outcomes stand on the disk in the order of the suite, whatever order they come in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from agent.api import Opened, open_all
from agent.config import Settings
from agent.engine import ModelEngine
from agent.errors import ChartproofError, InputError, SettingsError
from agent.llm import Endpoint
from agent.records import Scope
from evals.cases import Suite
from evals.journal import Journal, JournalEndpoint
from evals.outcome import Outcome
from evals.plain import Plain, fingerprints
from evals.provenance import read_provenance
from evals.recorded import RECORDED_AS, Recorded, Unplayable, cassette_path, cassettes_digest, recording_settings
from evals.store import RUNS, RunFolder, RunRecord, SuiteRef, Writer
from evals.subject import Pipeline, Subject, Timed

ENGINES = ("lexical", "llm", "plain", "recorded")
"""What can be run: the embedded engine, a model, one plain prompt to a model, and a model whose replies are on tape."""

Progress = Callable[[int, int, Outcome], None]
"""Told how many encounters are done, of how many, and the last outcome."""


class Wanted(NamedTuple):
    """What is to be run.

    `name` None gives one that follows from all that the run is made with, so that the
    same command goes on with the same run. `reuse` are runs whose paid answers may be used. `retry` asks again for
    what failed.
    """

    engine: str
    name: str | None = None
    runs: Path = RUNS
    reuse: tuple[Path, ...] = ()
    retry: bool = False


class Done(NamedTuple):
    """A run that is complete: its folder and record, all its outcomes, and how many of them this start made."""

    folder: RunFolder
    record: RunRecord
    outcomes: list[Outcome]
    made: int


def carry_out(
    suite: Suite, reference: SuiteRef, wanted: Wanted, settings: Settings, *, progress: Progress | None = None
) -> Done:
    """The whole run, from where an earlier start of it stopped.

    Raises:
        InputError: the run's folder holds another run, or is being written; or encounters can't be replayed.
        ChartproofError: what no encounter can be coded without; started again when it is mended, the run goes on.
    """
    scope = suite.scope
    settings = _settings(wanted.engine, settings)
    opened = open_all(settings)
    record = _record(suite, reference, wanted, settings, opened)
    folder = RunFolder(wanted.runs / record.name)
    folder.begin(record)
    with ExitStack() as stack:
        writer = Writer.open(folder)
        stack.callback(writer.close)
        begun = folder.outcomes()
        names = [case.encounter.id for case in suite.cases]
        if [outcome.encounter for outcome in begun] != names[: len(begun)]:
            raise InputError(f"{folder.results} does not hold the encounters of {suite.name} in their order; {_ANEW}")
        if wanted.retry and (failed := [n for n, outcome in enumerate(begun) if outcome.failure]):
            begun = begun[: failed[0]]
            writer.keep(len(begun))
        earlier = [RunFolder(path).replies for path in wanted.reuse]
        journal = Journal(folder.replies, earlier=earlier, failures=not wanted.retry)
        stack.callback(journal.close)
        subject = _subject(wanted.engine, scope, settings, opened, journal)
        asyncio.run(_go_on(suite, len(begun), subject, writer, progress))
    return Done(folder, folder.record(), folder.outcomes(), len(names) - len(begun))


_ANEW = "delete the run's folder, or give another --name"


async def _go_on(suite: Suite, begun: int, subject: Subject, writer: Writer, progress: Progress | None) -> None:
    """The outcomes that are still to be made, each written in its turn."""
    turns = asyncio.Semaphore(subject.at_once)

    async def one(number: int) -> Timed:
        async with turns:
            return await subject.code(suite.cases[number])

    unplayable: list[Unplayable] = []
    async with subject:
        tasks = [asyncio.create_task(one(number)) for number in range(begun, len(suite.cases))]
        try:
            for number, task in enumerate(tasks, start=begun + 1):
                try:
                    timed = await task
                except Unplayable as error:
                    unplayable.append(error)
                    continue
                if not unplayable:
                    writer.add(timed)
                if progress is not None:
                    progress(number, len(suite.cases), timed.outcome)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    if unplayable:
        reasons = dict.fromkeys(str(error) for error in unplayable)
        told = "; ".join(
            f"{why}: {', '.join(error.encounter for error in unplayable if str(error) == why)}" for why in reasons
        )
        raise InputError(
            f"{len(unplayable)} of {len(suite.cases)} encounters can't be replayed: {told}. Record what is missing "
            "with chartproof eval record"
        )


def record_tapes(suite: Suite, settings: Settings, *, progress: Progress | None = None) -> list[Outcome]:
    """The outcomes of all cases, each from its cassette, which is asked and added to where it lacks something.

    Raises:
        SettingsError: settings that a replay would not share.
        ChartproofError: the endpoint can't be used; started again, what was recorded is not asked for again.
    """
    for path in filter(None, map(cassette_path, (case.encounter.id for case in suite.cases))):
        path.parent.mkdir(parents=True, exist_ok=True)
    subject = Recorded(open_all(settings), recording_settings(settings), suite.scope, record=True)
    outcomes: list[Outcome] = []

    async def record() -> None:
        turns = asyncio.Semaphore(subject.at_once)

        async def one(number: int) -> None:
            async with turns:
                timed = await subject.code(suite.cases[number])
            outcomes.append(timed.outcome)
            if progress is not None:
                progress(len(outcomes), len(suite.cases), timed.outcome)

        async with subject, asyncio.TaskGroup() as group:
            for number in range(len(suite.cases)):
                group.create_task(one(number))

    try:
        asyncio.run(record())
    except* ChartproofError as group:
        # What stops one encounter stops them all; it is told once, as what it is.
        raise _first(group) from None
    return outcomes


def _first(group: BaseExceptionGroup[ChartproofError]) -> ChartproofError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, ChartproofError)
    return error


def _settings(engine: str, settings: Settings) -> Settings:
    """The settings that an engine is run with: of a model only where one is asked, and those of the tapes for tapes."""
    if engine == "recorded":
        if settings.prompts is not None:
            raise SettingsError(
                "CHARTPROOF_PROMPTS is set, and cassettes answer the prompts of the project only; unset it, or run "
                "--engine llm with your endpoint",
                name="prompts",
            )
        return RECORDED_AS.model_copy(update={"cache": settings.cache})
    if engine == "lexical":
        return settings.model_copy(update={"model": None})
    settings.named_model()
    return settings


def _record(suite: Suite, reference: SuiteRef, wanted: Wanted, settings: Settings, opened: Opened) -> RunRecord:
    shown = settings.shown()
    if wanted.engine == "recorded":
        shown["cassettes"] = cassettes_digest(case.encounter.id for case in suite.cases)[:12]
    prices = None
    if settings.price_prompt is not None and settings.price_completion is not None:
        prices = (settings.price_prompt, settings.price_completion)
    record = RunRecord(
        name="",
        engine=wanted.engine,
        model=settings.model,
        scope=suite.scope,
        settings=shown,
        prompts=dict(_prompts(wanted.engine, suite.scope, settings, opened)),
        codeset=opened.book.edition,
        suite=reference,
        prices=prices,
        provenance=read_provenance(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    name = wanted.name or f"{reference.name}-{wanted.engine}-{record.identity()[:8]}"
    return record.model_copy(update={"name": name})


def _prompts(engine: str, scope: Scope, settings: Settings, opened: Opened) -> Mapping[str, str]:
    """The fingerprints of the prompts that an engine uses, by name."""
    if engine == "lexical":
        return opened.lexical.prompts(scope)
    if engine == "plain":
        return fingerprints(scope, settings)
    return ModelEngine(Endpoint(settings), opened.book, opened.lexical, settings).prompts(scope)


def _subject(engine: str, scope: Scope, settings: Settings, opened: Opened, journal: Journal) -> Subject:
    if engine == "lexical":
        return Pipeline(opened, settings, scope, None)
    if engine == "recorded":
        return Recorded(opened, settings, scope)
    if engine == "plain":
        return Plain(settings, scope, JournalEndpoint(settings, journal))
    if engine == "llm":
        return Pipeline(opened, settings, scope, JournalEndpoint(settings, journal))
    raise InputError(f"the engine {engine!r} is not known; give {', '.join(ENGINES)}")
