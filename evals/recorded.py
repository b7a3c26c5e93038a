"""Recorded: encounters coded by a model whose requests and replies are on tape, to be replayed without key or network.

A cassette holds the requests and replies of one encounter as JSON. It is matched on method, path and body: a changed
prompt, code table or lookup makes a request that was never recorded, and fails. Only synthetic notes are ever recorded,
since a note stands in clear in its cassette.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from agent.api import code_encounter, open_all
from agent.config import Settings
from agent.engine import ModelEngine
from agent.llm import Endpoint
from agent.records import Coding, Encounter

_OURS_ALONE = ("authorization", "user-agent", "x-stainless-os", "x-stainless-arch", "x-stainless-runtime-version")
"""Headers that name a key or a machine; they are not recorded."""


class Replay(NamedTuple):
    """A coding from tape, and whether every recorded request was made."""

    coding: Coding
    all_played: bool


@contextmanager
def cassette(path: Path, *, record: bool = False) -> Iterator[Any]:
    """The cassette at `path` in place of the network; with `record` written anew."""
    import vcr

    if record:
        path.unlink(missing_ok=True)
    recorder = vcr.VCR(
        serializer="json",
        record_mode="once" if record else "none",
        match_on=["method", "path", "body"],
        filter_headers=list(_OURS_ALONE),
    )
    with recorder.use_cassette(str(path)) as tape:
        yield tape


def code_on_tape(encounter: Encounter, path: Path, settings: Settings, *, record: bool = False) -> Replay:
    """The coding of an encounter by the model of `settings`, from its cassette or recorded into it.

    Raises:
        ModelError: what the endpoint did wrong; in a replay, also a request that is not on the tape.
    """
    opened = open_all(settings)
    # An endpoint of its own for each encounter: no breaker carries over, and a tape holds one encounter's requests.
    engine = ModelEngine(Endpoint(settings), opened.book, opened.lexical, settings)
    with cassette(path, record=record) as tape:
        coding = code_encounter(encounter, engine=engine, settings=settings)
        return Replay(coding, record or tape.all_played)
