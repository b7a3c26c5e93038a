"""Recorded: encounters coded by a model whose requests and replies are on tape, to be replayed without key or network.

A cassette holds the requests and replies of one encounter as JSON. It is matched on method, path and body: a changed
prompt, code table or lookup makes a request that was never recorded, and fails. Only synthetic notes are ever recorded,
since a note stands in clear in its cassette.

    chartproof eval run SUITE --engine recorded     replay
    chartproof eval record SUITE                    record what is missing, from the endpoint of the settings
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from agent.api import Opened, code_encounter, open_all
from agent.config import PREFIX, Settings
from agent.engine import ModelEngine
from agent.errors import InputError, SettingsError
from agent.llm import Endpoint
from agent.records import Coding, Draft, Encounter, Scope
from evals.cases import Case
from evals.clear import NOTES
from evals.meter import MeteredEndpoint
from evals.provenance import ROOT
from evals.subject import Pipeline, Timed
from evals.suites import SUITES

CASSETTES = ROOT / "tests" / "cassettes"
"""The cassettes of the suite "clear", which lie where its notes do."""

RECORDED_AS = Settings(model="recorded", base_url="http://127.0.0.1:8199/v1")
"""The settings that stand in the recorded requests; the address is not asked in a replay."""

_OURS_ALONE = ("authorization", "user-agent", "x-stainless-os", "x-stainless-arch", "x-stainless-runtime-version")
"""Headers that name a key or a machine; they are not recorded."""


class Unplayable(InputError):
    """An encounter that its cassette can't be replayed for; `encounter` is its id."""

    def __init__(self, message: str, *, encounter: str) -> None:
        """Keep the message and the encounter."""
        super().__init__(message)
        self.encounter = encounter


class NotRecorded(Exception):
    """A request that a cassette lacks; the client reports it as an endpoint that is not reached."""


class Replay(NamedTuple):
    """A coding from tape, the draft that was judged, and whether every recorded request was made."""

    coding: Coding
    draft: Draft
    all_played: bool


# -- tapes -------------------------------------------------------------------------------------------------------------


class Tape:
    """The cassette of one encounter, and how many requests were made that it lacks."""

    def __init__(self, path: Path, *, record: bool) -> None:
        """Read the cassette at `path`; with `record` it is one that takes new requests."""
        import vcr
        from vcr.cassette import Cassette

        recorder = vcr.VCR(serializer="json", match_on=["method", "path", "body"], filter_headers=list(_OURS_ALONE))
        config = recorder.get_merged_config(record_mode="new_episodes" if record else "none")
        for name in ("path_transformer", "func_path_generator", "record_on_exception"):
            config.pop(name)
        self.cassette: Any = Cassette.load(path=str(path), **config)
        self.missing = 0

    @property
    def all_played(self) -> bool:
        """Whether every recorded request was made."""
        return bool(self.cassette.all_played)

    def drop_unused(self) -> None:
        """Take out of the file what was recorded once and is not asked for any more."""
        self.cassette.drop_unused_requests = True
        self.cassette._save()


_tape: ContextVar[Tape] = ContextVar("evals_tape")


class _Current:
    """What vcrpy takes for a cassette: the tape of the encounter that is being coded, so that many can be at once."""

    custom_patches = ()

    def __init__(self) -> None:
        from vcr.patch import PATCHER_NAMES

        self.skip_patchers = [name for name in PATCHER_NAMES if name != "httpx2"]

    def __getattr__(self, name: str) -> Any:
        return getattr(_tape.get().cassette, name)

    def can_play_response_for(self, request: Any) -> bool:
        """Whether the tape answers a request; one that does not and may not record says so at once."""
        tape = _tape.get()
        found = bool(tape.cassette.can_play_response_for(request))
        if not found and tape.cassette.write_protected:
            tape.missing += 1
            raise NotRecorded(str(tape.cassette.path))
        return found

    def append(self, request: Any, response: Any) -> None:
        """Record a reply at once, so that a kill loses none; one that is no success is not worth recording."""
        tape = _tape.get().cassette
        if response["status"]["code"] == 200:
            tape.append(request, response)
            tape._save()


@contextmanager
def no_network() -> Iterator[None]:
    """Every request goes to the tape of its context (`on_tape`), and to the network only for one that records."""
    from vcr.patch import CassettePatcherBuilder

    with ExitStack() as stack:
        for patch in CassettePatcherBuilder(_Current()).build():
            stack.enter_context(patch)
        yield


@contextmanager
def on_tape(path: Path, *, record: bool = False) -> Iterator[Tape]:
    """The cassette at `path` for what is asked in this context; with `record` what it lacks is asked and added."""
    tape = Tape(path, record=record)
    token = _tape.set(tape)
    try:
        yield tape
    finally:
        _tape.reset(token)


@contextmanager
def cassette(path: Path, *, record: bool = False) -> Iterator[Tape]:
    """The cassette at `path` in place of the network; with `record` written anew."""
    if record:
        path.unlink(missing_ok=True)
    with no_network(), on_tape(path, record=record) as tape:
        yield tape


def code_on_tape(encounter: Encounter, path: Path, settings: Settings, *, record: bool = False) -> Replay:
    """The coding of an encounter by the model of `settings`, from its cassette or recorded into it.

    Raises:
        ModelError: what the endpoint did wrong; in a replay, also a request that is not on the tape.
    """
    opened = open_all(settings)
    # An endpoint of its own for each encounter: no breaker carries over, and a tape holds one encounter's requests.
    engine = ModelEngine(Endpoint(settings), opened.book, opened.lexical, settings)
    drafts: list[Draft] = []
    with cassette(path, record=record) as tape:
        coding = code_encounter(
            encounter, engine=engine, settings=settings, watch=lambda draft, findings: drafts.append(draft)
        )
        return Replay(coding, drafts[0], record or tape.all_played)


# -- suites ------------------------------------------------------------------------------------------------------------


def cassette_path(encounter: str) -> Path | None:
    """Where the cassette of an encounter of the project lies, or would lie; None for one from outside."""
    for folder in sorted(SUITES.iterdir()):
        if (folder / f"{encounter}.toml").is_file():
            return ROOT / "evals" / "cassettes" / folder.name / f"{encounter}.json"
    return CASSETTES / f"{encounter}.json" if (NOTES / f"{encounter}.txt").is_file() else None


def cassettes_digest(encounters: Iterable[str]) -> str:
    """The SHA-256 (hex) of the cassettes of encounters: what takes a model's place in a replay."""
    digest = hashlib.sha256()
    for encounter in encounters:
        path = cassette_path(encounter)
        digest.update(path.read_bytes() if path is not None and path.exists() else b"none")
    return digest.hexdigest()


class Recorded:
    """The model engine with its endpoint on tape; with `record` what the tapes lack is asked of the endpoint."""

    def __init__(self, opened: Opened, settings: Settings, scope: Scope, *, record: bool = False) -> None:
        """Make one for a run; the cassettes are found by the encounters' ids."""
        self._opened = opened
        self._settings = settings
        self._scope = scope
        self._record = record
        self._stack = ExitStack()
        self.at_once = settings.concurrency if record else 1

    async def __aenter__(self) -> Recorded:
        """The subject itself; from here on there is no network but for a recording."""
        self._stack.enter_context(no_network())
        return self

    async def __aexit__(self, *_: object) -> None:
        """The network is back."""
        self._stack.close()

    async def code(self, case: Case) -> Timed:
        """What came of one case on tape.

        Raises:
            Unplayable: there is no cassette, or it lacks a request, or holds one that was not made.
        """
        name = case.encounter.id
        path = cassette_path(name)
        if path is None:
            raise Unplayable("no encounter of the project, and no other is ever recorded", encounter=name)
        if not self._record and not path.exists():
            raise Unplayable("never recorded", encounter=name)
        with on_tape(path, record=self._record) as tape:
            # An endpoint of its own for each encounter: no breaker carries over.
            async with Pipeline(self._opened, self._settings, self._scope, MeteredEndpoint(self._settings)) as pipeline:
                timed = await pipeline.code(case)
        if self._record:
            if not timed.outcome.failure:
                tape.drop_unused()
        elif tape.missing:
            raise Unplayable("a request that was never recorded", encounter=name)
        elif not tape.all_played:
            raise Unplayable("a recorded request that is not made any more", encounter=name)
        return timed


def recording_settings(environment: Settings) -> Settings:
    """The settings to record with: those of the environment, if a replay would send the same requests.

    Raises:
        SettingsError: one that stands in the requests is not as in `RECORDED_AS`.
    """
    fixed, given = RECORDED_AS.shown(), environment.shown()
    for name in ("model", *(name for name in fixed if name != "base_url")):
        wanted = RECORDED_AS.model if name == "model" else fixed[name]
        found = environment.model if name == "model" else given.get(name)
        if environment.model is None or found != wanted:
            raise SettingsError(
                f"{PREFIX}{name.upper()} is {found}, and cassettes are recorded and replayed with {wanted}; set it so "
                "(a server can give any model that name)",
                name=name,
            )
    return environment
