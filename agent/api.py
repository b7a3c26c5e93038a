"""The calls that a backend makes: a note or an encounter in, a coding out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from agent.codebook import CodeBook
from agent.config import Settings
from agent.engine import ModelEngine
from agent.errors import InputError
from agent.lexical import LexicalEngine
from agent.llm import Endpoint
from agent.lookup import Lookup
from agent.pipeline import Engine, Watch, code
from agent.records import Coding, Document, Encounter, Patient, Scope, Setting

Result = TypeVar("Result")


def code_note(
    text: str,
    *,
    setting: Setting | str,
    scope: Scope | str = Scope.CLAIM,
    date_of_service: date | str | None = None,
    patient: Patient | None = None,
    engine: Engine | str | None = None,
    settings: Settings | None = None,
    encounter_id: str = "note",
) -> Coding:
    """The coding of one note.

    Args:
        text: the note, exactly as it is to be quoted; offsets in the result are code points into it.
        setting: "outpatient" or "inpatient"; there is no safe default.
        scope: "claim" for what this encounter reports, "mentions" for every condition asserted.
        date_of_service: a date or an ISO date (2026-05-04); without it the result says that validity is not known.
        patient: age in years and sex, where known.
        engine: what reads the note: "lexical", "llm", "auto" or an engine of your own. Auto, and None, is the model
            where the settings name one, else the embedded lexical engine.
        settings: from the environment if None.
        encounter_id: the name that the result and errors carry.

    Raises:
        InputError: an argument or a note that can't be used; the message says what mends it.
        CodeTableError: the code table could not be built or read.
        CodingError: a step failed.
    """
    return _wait(
        acode_note(
            text,
            setting=setting,
            scope=scope,
            date_of_service=date_of_service,
            patient=patient,
            engine=engine,
            settings=settings,
            encounter_id=encounter_id,
        )
    )


async def acode_note(
    text: str,
    *,
    setting: Setting | str,
    scope: Scope | str = Scope.CLAIM,
    date_of_service: date | str | None = None,
    patient: Patient | None = None,
    engine: Engine | str | None = None,
    settings: Settings | None = None,
    encounter_id: str = "note",
) -> Coding:
    """As `code_note`, for asyncio."""
    if not isinstance(text, str):
        raise InputError(f"the note is {type(text).__name__}, not text; decode it first, most likely as UTF-8")
    if not (isinstance(encounter_id, str) and encounter_id):
        raise InputError(
            f"the encounter's id {encounter_id!r} is no name; give a text that is not empty, or leave it out"
        )
    encounter = Encounter(
        id=encounter_id,
        setting=read_setting(setting),
        documents=(Document(id=encounter_id, text=text),),
        date_of_service=read_date(date_of_service),
        patient=patient or Patient(),
    )
    return await acode_encounter(encounter, scope=scope, engine=engine, settings=settings)


def code_encounter(
    encounter: Encounter,
    *,
    scope: Scope | str = Scope.CLAIM,
    engine: Engine | str | None = None,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Coding:
    """The coding of an encounter with one document or several; arguments and errors as in `code_note`.

    `watch` is shown the draft that goes to the critique, and its findings.
    """
    return _wait(acode_encounter(encounter, scope=scope, engine=engine, settings=settings, watch=watch))


async def acode_encounter(
    encounter: Encounter,
    *,
    scope: Scope | str = Scope.CLAIM,
    engine: Engine | str | None = None,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Coding:
    """As `code_encounter`, for asyncio."""
    settings = settings or Settings.from_environment()
    opened = _opened.get(settings.cache)
    if opened is None:  # the table may have to be built, for seconds in which the event loop must go on
        opened = await asyncio.to_thread(open_all, settings)
    return await code(
        encounter,
        scope=read_scope(scope),
        engine=choose_engine(engine, opened, settings),
        book=opened.book,
        lookup=opened.lookup,
        settings=settings,
        watch=watch,
    )


class Opened(NamedTuple):
    """What coding needs and is made once: the code table, what looks codes up in it, and the embedded engine."""

    book: CodeBook
    lookup: Lookup
    lexical: LexicalEngine


_opened: dict[Path, Opened] = {}
_opening = threading.Lock()


def open_all(settings: Settings, *, progress: Callable[[str], None] | None = None) -> Opened:
    """What coding with these settings needs, made once in a process and shared; read-only and safe in threads.

    `progress` is given a line when the code table has to be built first, which takes seconds.
    """
    with _opening:
        if settings.cache not in _opened:
            book = CodeBook.open(settings, progress=progress)
            _opened[settings.cache] = Opened(book, Lookup(book), LexicalEngine(book))
        return _opened[settings.cache]


_engines: dict[Settings, ModelEngine] = {}


def choose_engine(wanted: Engine | str | None, opened: Opened, settings: Settings) -> Engine:
    """The engine that is meant; a model's is made once for its settings, so that its limits hold for all calls.

    Raises:
        InputError: no engine has that name.
        SettingsError: a model is wanted and the settings name none, or lack its key.
    """
    if wanted is None or wanted == "auto":
        wanted = "llm" if settings.model else "lexical"
    if wanted == "lexical":
        return opened.lexical
    if wanted == "llm":
        with _opening:
            if settings not in _engines:
                _engines[settings] = ModelEngine(Endpoint(settings), opened.book, opened.lexical, settings)
            return _engines[settings]
    if isinstance(wanted, str):
        raise InputError(f"the engine {wanted!r} is not known; give 'auto', 'lexical' or 'llm'")
    return wanted


def languages_of(wanted: Engine | str | None, settings: Settings) -> frozenset[str]:
    """The languages that the engine that is meant reads, without opening what it needs."""
    if wanted is None or isinstance(wanted, str):
        model = wanted == "llm" or (wanted in (None, "auto") and settings.model is not None)
        return ModelEngine.languages if model else LexicalEngine.languages
    return wanted.languages


def read_setting(value: Setting | str) -> Setting:
    """The setting that `value` names; InputError says which there are."""
    try:
        return Setting(value)
    except ValueError:
        raise InputError(
            f"the setting {value!r} is not known; give 'outpatient' (office, clinic, emergency room, outpatient "
            "surgery) or 'inpatient' (admitted to hospital): the guidelines differ, so there is no default"
        ) from None


def read_scope(value: Scope | str) -> Scope:
    """The scope that `value` names; InputError says which there are."""
    try:
        return Scope(value)
    except ValueError:
        raise InputError(f"the scope {value!r} is not known; give 'claim' or 'mentions'") from None


def read_date(value: date | str | None) -> date | None:
    """The date of service that `value` gives; InputError shows the form."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        raise InputError(
            f"the date of service {value!r} is no date; write it as year-month-day, such as 2026-05-04"
        ) from None


def _wait(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """The coroutine's result, also where an event loop is already running in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    results: list[Result] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(coroutine))
        except BaseException as failure:  # handed to the calling thread below
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]
