"""Loaders: labelled notes from outside the project as cases; the files stay where they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.records import Document, Encounter, Setting


class Case(NamedTuple):
    """An encounter and the codes that people gave it, dotted and in capitals."""

    encounter: Encounter
    gold: frozenset[str]


def load_aci(data: Path) -> Iterator[Case]:
    """ACI-Bench notes with adjudicated ICD-10-CM labels: office visits, so outpatient.

    `data` is the folder that holds `aci/aci_dev_67.jsonl`.
    """
    with (data / "aci" / "aci_dev_67.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Case(
                _encounter(row["encounter_id"], row["note"], Setting.OUTPATIENT),
                frozenset(label["code"] for label in row["amazon_codes"]),
            )


def load_codiesp(data: Path, split: str = "dev") -> Iterator[Case]:
    """CodiEsp case reports in machine English with the codes of their mentions (Miranda-Escalada et al., 2020).

    `data` is the folder that holds `codiesp/dev` and `codiesp/train`. The reports are of stays and visits alike; they
    are coded as inpatient, which changes nothing in the scope `mentions`.
    """
    folder = data / "codiesp" / split
    gold: dict[str, set[str]] = {}
    for line in (folder / f"{split}D.tsv").read_text(encoding="utf-8").splitlines():
        name, code = line.split("\t")
        gold.setdefault(name, set()).add(code.upper())
    for path in sorted((folder / "text_files_en").glob("*.txt")):
        text = path.read_bytes().decode("utf-8")
        yield Case(_encounter(path.stem, text, Setting.INPATIENT), frozenset(gold.get(path.stem, ())))


def _encounter(name: str, text: str, setting: Setting) -> Encounter:
    return Encounter(id=name, setting=setting, documents=(Document(id=name, text=text),))
