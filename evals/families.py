"""Families: what each family of rules does to accuracy, by switching it off alone, with the lexical engine.

    python -m evals.families SUITE...        such as: aci@DATA codiesp@DATA outpatient inpatient

A family that is off says nothing: what it would have left out is then reported, its sequencing is not done, its
findings are not shown. A positive difference is what the family adds.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence

from agent.api import Opened, open_all
from agent.config import Settings
from agent.records import Family
from evals.cases import Suite
from evals.metrics import difference, micro
from evals.outcome import Outcome
from evals.score import Score, score_all
from evals.sources import open_suite
from evals.subject import Pipeline


async def outcomes(suite: Suite, settings: Settings, opened: Opened) -> list[Outcome]:
    """What the lexical engine makes of every case."""
    async with Pipeline(opened, settings, suite.scope, None) as pipeline:
        return [(await pipeline.code(case)).outcome for case in suite.cases]


def scored(suite: Suite, settings: Settings, opened: Opened) -> tuple[Score, ...]:
    """The scores of a suite under settings."""
    return score_all(suite, asyncio.run(outcomes(suite, settings, opened)), opened.book)


def table(suite: Suite, settings: Settings, opened: Opened) -> Iterator[str]:
    """A row a family: F1 without it, and what it adds, with the paired 95% interval."""
    whole = scored(suite, settings, opened)
    total = micro(whole)
    yield f"| {suite.name}, {len(suite.cases)} notes | all rules | {total.f1:.3f} | | |"
    for family in Family:
        without = scored(suite, settings.model_copy(update={"rules_off": frozenset((family,))}), opened)
        yield row(family, without, whole)


def row(family: Family, without: Sequence[Score], whole: Sequence[Score]) -> str:
    """One family: what is missed without it."""
    changed = difference(without, whole, "f1")
    firsts = difference(without, whole, "first_listed")
    added = f"{changed.value:+.3f} [{changed.low:+.3f}, {changed.high:+.3f}]" if changed else "none"
    first = f"{firsts.value:+.3f}" if firsts else ""
    return f"| | without {family.value} | {micro(without).f1:.3f} | {added} | {first} |"


def main() -> None:
    """Print the table of each suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="+", metavar="SUITE")
    settings = Settings.from_environment()
    opened = open_all(settings)
    print("| suite | rules | micro F1 | what the family adds [95%] | first-listed right |\n|---|---|---|---|---|")
    for spec in parser.parse_args().suites:
        for line in table(open_suite(spec), settings, opened):
            print(line, flush=True)


if __name__ == "__main__":
    main()
