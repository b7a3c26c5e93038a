"""Recorded: the synthetic notes coded by a model whose answers were recorded; replayed without key or network.

    python -m evals.recorded            score the recorded model and the lexical engine on the synthetic notes
    python -m evals.recorded --record   record anew from the endpoint of the settings (CHARTPROOF_BASE_URL, ...)

A cassette holds the requests and replies of one note as readable JSON, and is matched on method, path and body: a
changed prompt, code table or lookup is a request that was never recorded, and fails.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from agent.api import code_encounter, open_all
from agent.config import Settings
from agent.engine import ModelEngine
from agent.llm import Endpoint
from agent.records import Coding, Document, Draft, Encounter, Setting
from evals.metrics import interval, micro
from evals.score import Score, score, steps

NOTES = Path(__file__).parent.parent / "tests" / "notes" / "synthetic"
CASSETTES = Path(__file__).parent.parent / "tests" / "cassettes"
RECORDED_AS = Settings(model="recorded", base_url="http://127.0.0.1:8199/v1", tries=1)
"""The settings that stand in the recorded requests; the address is never asked in a replay."""


class Case(NamedTuple):
    """A synthetic encounter and the codes that it was written to have."""

    encounter: Encounter
    gold: frozenset[str]


def load_synthetic() -> Iterator[Case]:
    """The synthetic notes in the order of their gold file."""
    for line in (NOTES / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text = (NOTES / f"{row['name']}.txt").read_bytes().decode("utf-8")
        yield Case(
            Encounter(
                id=row["name"],
                setting=Setting(row["setting"]),
                documents=(Document(id=row["name"], text=text),),
                date_of_service=date.fromisoformat(row["date_of_service"]),
            ),
            frozenset(code["code"] for code in row["codes"]),
        )


@contextmanager
def cassette(name: str, *, record: bool = False) -> Iterator[Any]:
    """The cassette of a note, in place of the network; with `record` written anew."""
    import vcr

    path = CASSETTES / f"{name}.json"
    if record:
        path.unlink(missing_ok=True)
    recorder = vcr.VCR(
        serializer="json",
        record_mode="once" if record else "none",
        match_on=["method", "path", "body"],
        filter_headers=[
            "authorization",
            "user-agent",
            "x-stainless-os",
            "x-stainless-arch",
            "x-stainless-runtime-version",
        ],
    )
    with recorder.use_cassette(str(path)) as tape:
        yield tape


def replay(case: Case, settings: Settings, *, record: bool = False) -> tuple[Coding, Draft, Any]:
    """The coding of a case from its cassette, the draft that was judged, and the tape."""
    opened = open_all(settings)
    drafts: list[Draft] = []
    # An endpoint of its own for each note: no breaker carries over, and a tape holds one note's requests.
    engine = ModelEngine(Endpoint(settings), opened.book, opened.lexical, settings)
    with cassette(case.encounter.id, record=record) as tape:
        coding = code_encounter(
            case.encounter, engine=engine, settings=settings, watch=lambda draft, findings: drafts.append(draft)
        )
    return coding, drafts[0], tape


def main() -> None:
    """Score, or record and score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    record = parser.parse_args().record
    settings = RECORDED_AS.model_copy(update={"cache": Settings.from_environment().cache})
    if record:
        CASSETTES.mkdir(exist_ok=True)
        settings = settings.model_copy(update={"timeout": Settings.from_environment().timeout})
    book = open_all(settings).book
    recorded: list[Score] = []
    lexical: list[Score] = []
    for case in load_synthetic():
        coding, draft, _ = replay(case, settings, record=record)
        recorded.append(score(case.encounter, coding, case.gold, book, steps(draft, case.gold, book)))
        coding = code_encounter(case.encounter, engine="lexical", settings=settings)
        lexical.append(score(case.encounter, coding, case.gold, book, steps(draft, case.gold, book)))
    print("| engine | notes | P | R | F1 [95%] | hit / extra / missed |")
    print("|---|---|---|---|---|---|")
    for name, scores in (("recorded model", recorded), ("lexical", lexical)):
        total, (low, high) = micro(scores), interval(scores)
        print(
            f"| {name} | {len(scores)} | {total.precision:.3f} | {total.recall:.3f} | {total.f1:.3f} "
            f"[{low:.3f}, {high:.3f}] "
            f"| {total.hit} / {total.extra} / {total.missed} |"
        )


if __name__ == "__main__":
    main()
