"""ACI-Bench: notes of office visits with two label sets (Yim et al., 2023, for the notes).

A file of JSON lines: `encounter_id`, `note`, and `amazon_codes` (adjudicated: `code`) or `medcoder` (`code`, the
diagnosis at `dx_start`, `dx_end`, and `evidence` of `start`, `end`, `text`). Offsets are code points of the note.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from agent.records import Document, Encounter, Setting
from evals.cases import Case, Span, dotted
from evals.loaders.intake import Intake, Mentions, found_in

Labels = Literal["amazon", "medcoder"]


def load_aci(data: Path, labels: Labels = "amazon") -> tuple[Case, ...]:
    """The notes and the codes of one label set: office visits, so outpatient.

    `data` is the JSON-lines file, or a folder that holds it, itself or in `aci/`.

    Raises:
        GoldError: what is wrong with the files, each with its line.
    """
    intake = Intake()
    cases = []
    for path in found_in(data, (data / "aci", data), "aci*.jsonl", "ACI-Bench file"):
        for line, row in intake.objects(path):
            name, note = row.get("encounter_id"), row.get("note")
            if not (isinstance(name, str) and name and isinstance(note, str) and note):
                intake.say(path, line, "no encounter_id or no note; both are texts")
                continue
            mentions = Mentions()
            for label in _labels(intake, path, line, row, labels):
                mentions.add(dotted(label["code"]), _spans(intake, path, line, label, name, note))
            encounter = Encounter(id=name, setting=Setting.OUTPATIENT, documents=(Document(id=name, text=note),))
            case = intake.case(path, line, encounter, mentions.codes())
            if case is not None:
                cases.append(case)
    intake.done()
    return tuple(cases)


def _labels(intake: Intake, path: Path, line: int, row: dict[str, Any], labels: Labels) -> list[dict[str, Any]]:
    field = "amazon_codes" if labels == "amazon" else "medcoder"
    found = row.get(field)
    if isinstance(found, list) and all(isinstance(one, dict) and isinstance(one.get("code"), str) for one in found):
        return found
    intake.say(path, line, f"{field} is no list of objects with a code; take the other labels or correct it")
    return []


def _spans(intake: Intake, path: Path, line: int, label: dict[str, Any], name: str, note: str) -> list[Span]:
    """The diagnosis and its evidence; none for labels without offsets."""
    marked = [(one.get("start"), one.get("end"), one.get("text")) for one in label.get("evidence", ())]
    if label.get("dx_start") is not None:  # none for a diagnosis that the note implies without naming it
        marked.insert(0, (label["dx_start"], label.get("dx_end"), None))
    spans = []
    for start, end, text in marked:
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(note)):
            intake.say(path, line, f"{name}: {label['code']} has evidence from {start} to {end} of {len(note)}")
        elif text is not None and note[start:end] != text:
            intake.say(
                path,
                line,
                f"{name}: {label['code']} has {text[:40]!r} as evidence at {start}, where the note has "
                f"{note[start:end][:40]!r}; the note is not the one that was labelled",
            )
        else:
            spans.append(Span(document=name, start=start, end=end))
    return spans
