"""Synthetic: the project's own notes, written with their gold, coded by the embedded engine.

python -m evals.synthetic
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from agent.api import code_encounter, open_all
from agent.config import Settings
from agent.records import Document, Draft, Encounter, Setting
from evals.loaders import Case
from evals.metrics import interval, micro
from evals.score import Score, score, steps

NOTES = Path(__file__).parent.parent / "tests" / "notes" / "synthetic"


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


def main() -> None:
    """Code every note and print the figures by setting."""
    settings = Settings.from_environment()
    book = open_all(settings).book
    scores: dict[str, list[Score]] = {"outpatient": [], "inpatient": []}
    for case in load_synthetic():
        drafts: list[Draft] = []
        coding = code_encounter(
            case.encounter,
            engine="lexical",
            settings=settings,
            watch=lambda draft, findings, seen=drafts: seen.append(draft),  # type: ignore[misc]
        )
        taken = steps(drafts[0], case.gold, book)
        scores[case.encounter.setting.value].append(score(case.encounter, coding, case.gold, book, taken))
    print("| notes | P | R | F1 [95%] | hit / extra / missed |")
    print("|---|---|---|---|---|")
    for name, some in (*scores.items(), ("all", [s for group in scores.values() for s in group])):
        total, (low, high) = micro(some), interval(some)
        print(
            f"| {name}, {len(some)} | {total.precision:.3f} | {total.recall:.3f} "
            f"| {total.f1:.3f} [{low:.3f}, {high:.3f}] "
            f"| {total.hit} / {total.extra} / {total.missed} |"
        )


if __name__ == "__main__":
    main()
