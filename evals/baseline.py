"""Baseline: the same model, one plain prompt, no evidence, lookup, rules or critique; what the pipeline must beat.

python -m evals.baseline DATA
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.api import open_all
from agent.codebook import CodeBook
from agent.config import Settings
from agent.llm import Endpoint
from agent.prompts import load
from evals.loaders import Case, load_aci
from evals.metrics import interval, micro
from evals.score import Score


class Codes(BaseModel):
    """The codes to report, with their dots."""

    model_config = ConfigDict(extra="forbid")

    codes: list[str]


async def ask(case: Case, endpoint: Endpoint, book: CodeBook) -> Score:
    """The score of one case; a model error fails the whole run, since a baseline with holes is none."""
    encounter = case.encounter
    answer = await endpoint.ask(
        [
            {"role": "system", "content": load("baseline").fill(setting=encounter.setting.value)},
            *({"role": "user", "content": document.text} for document in encounter.documents),
        ],
        Codes,
        step="baseline",
        encounter=encounter.id,
    )
    given = frozenset(code.strip().upper() for code in answer.value.codes)
    invalid = sum(not book.is_billable(code) for code in given)
    gold = case.gold
    return Score(encounter.id, given & gold, given - gold, gold - given, gold - given, 0, invalid)


async def run(cases: list[Case], settings: Settings) -> list[Score]:
    """The scores of all cases, asked as far as the concurrency goes."""
    book = open_all(settings).book
    async with Endpoint(settings) as endpoint:
        return list(await asyncio.gather(*(ask(case, endpoint, book) for case in cases)))


def main() -> None:
    """Ask for every ACI note and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    scores = asyncio.run(run(list(load_aci(data)), Settings.from_environment()))
    total, (low, high) = micro(scores), interval(scores)
    print("| notes | P | R | F1 [95%] | hit / extra / missed | codes that are not billable |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {len(scores)} | {total.precision:.3f} | {total.recall:.3f} | {total.f1:.3f} [{low:.3f}, {high:.3f}] "
        f"| {total.hit} / {total.extra} / {total.missed} | {sum(s.invalid for s in scores)} |"
    )


if __name__ == "__main__":
    main()
