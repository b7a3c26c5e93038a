"""Recorded: encounters coded by a model whose requests and replies are on tape, to be replayed without key or network.

A cassette holds the requests and replies of one encounter as JSON. It is matched on method, path and body: a changed
prompt, code table or lookup makes a request that was never recorded, and fails. Only synthetic notes are ever recorded,
since a note stands in clear in its cassette.

    python -m evals.recorded            the recorded model's figures on the synthetic notes, replayed
    python -m evals.recorded --record   record anew from the endpoint of the settings (CHARTPROOF_BASE_URL, ...)
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from agent.api import code_encounter, open_all
from agent.config import Settings
from agent.engine import ModelEngine
from agent.llm import Endpoint
from agent.records import Coding, Draft, Encounter
from evals.metrics import interval, micro
from evals.score import Score, score, steps
from evals.synthetic import load_synthetic

CASSETTES = Path(__file__).parent.parent / "tests" / "cassettes"
RECORDED_AS = Settings(model="recorded", base_url="http://127.0.0.1:8199/v1")
"""The settings that stand in the recorded requests; the address is not asked in a replay."""

_OURS_ALONE = ("authorization", "user-agent", "x-stainless-os", "x-stainless-arch", "x-stainless-runtime-version")
"""Headers that name a key or a machine; they are not recorded."""


class Replay(NamedTuple):
    """A coding from tape, the draft that was judged, and whether every recorded request was made."""

    coding: Coding
    draft: Draft
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
    drafts: list[Draft] = []
    with cassette(path, record=record) as tape:
        coding = code_encounter(
            encounter, engine=engine, settings=settings, watch=lambda draft, findings: drafts.append(draft)
        )
        return Replay(coding, drafts[0], record or tape.all_played)


def main() -> None:
    """Replay, or record, every synthetic note and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    record = parser.parse_args().record
    environment = Settings.from_environment()
    settings = RECORDED_AS.model_copy(update={"cache": environment.cache})
    if record:
        CASSETTES.mkdir(exist_ok=True)
        settings = environment
    book = open_all(settings).book
    scores: list[Score] = []
    for case in load_synthetic():
        replay = code_on_tape(case.encounter, CASSETTES / f"{case.encounter.id}.json", settings, record=record)
        taken = steps(replay.draft, case.gold, book)
        scores.append(score(case.encounter, replay.coding, case.gold, book, taken))
    total, (low, high) = micro(scores), interval(scores)
    print("| notes | P | R | F1 [95%] | hit / extra / missed |")
    print("|---|---|---|---|---|")
    print(
        f"| {len(scores)} | {total.precision:.3f} | {total.recall:.3f} | {total.f1:.3f} [{low:.3f}, {high:.3f}] "
        f"| {total.hit} / {total.extra} / {total.missed} |"
    )


if __name__ == "__main__":
    main()
