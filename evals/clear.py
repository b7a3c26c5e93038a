"""Clear: the thirty notes of tests/notes/synthetic as a suite; written to be clear, one document each.

Their layout is older than that of evals/suites: a text file a note, and one line a note in `gold.jsonl`. What a reader
must not report stands there with reasons in words, which are no reasons of `agent.records.Reason`; it is left out.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from agent.records import Document, Encounter, Scope, Setting
from evals.cases import Case, GoldCode, Span, Suite, make_suite
from evals.provenance import ROOT

CLEAR = "clear"
NOTES = ROOT / "tests" / "notes" / "synthetic"


def load_clear(folder: Path = NOTES) -> Suite:
    """The notes in the order of their gold file."""
    cases = []
    for line in (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = row["name"]
        text = (folder / f"{name}.txt").read_bytes().decode("utf-8")
        encounter = Encounter(
            id=name,
            setting=Setting(row["setting"]),
            documents=(Document(id=name, text=text),),
            date_of_service=date.fromisoformat(row["date_of_service"]),
        )
        cases.append(Case(encounter=encounter, codes=tuple(_code(name, text, code) for code in row["codes"])))
    return make_suite(CLEAR, Scope.CLAIM, cases, folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder)


def _code(document: str, text: str, row: dict[str, str]) -> GoldCode:
    start = text.index(row["quote"])
    span = Span(document=document, start=start, end=start + len(row["quote"]))
    return GoldCode(code=row["code"], evidence=(span,))
