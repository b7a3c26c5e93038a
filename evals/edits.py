"""Edits: how far the project's age and principal diagnosis edits agree with the Medicare Code Editor's verdicts.

    python -m evals.edits VERDICTS.tsv.gz [--show N]

VERDICTS has the columns code, scenario and edits: what the editor says of each code as principal diagnosis of a patient
of an age and sex (newborn0F, child10F, adult40F, adult40M, elder90M); a code that is not listed passes. It is no part
of the project.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections.abc import Iterator
from pathlib import Path

from agent.api import open_all
from agent.claim import Claim, ClaimCode
from agent.codebook import CodeBook
from agent.config import Settings
from agent.records import Patient, Setting, Sex
from agent.rules.edits import EDIT_RULES
from agent.rules.relation import is_manifestation
from agent.rules.sheet import Sheet

PATIENTS = {
    "newborn0F": Patient(age=0, sex=Sex.FEMALE),
    "child10F": Patient(age=10, sex=Sex.FEMALE),
    "adult40F": Patient(age=40, sex=Sex.FEMALE),
    "adult40M": Patient(age=40, sex=Sex.MALE),
    "elder90M": Patient(age=90, sex=Sex.MALE),
}
OURS: dict[str, tuple[str, ...]] = {
    "AGE_CONFLICT": ("age_newborn", "age_pediatric", "age_maternity", "age_adult"),
    "UNACCEPTABLE_PDX": ("unacceptable_principal",),
    "QUESTIONABLE_ADMISSION": ("questionable_admission",),
}


def verdicts(path: Path) -> dict[tuple[str, str], set[str]]:
    """The editor's verdicts by code without dot and scenario."""
    found: dict[tuple[str, str], set[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            names = row["edits"].replace(",", " ").replace(";", " ").replace("|", " ").split()
            found.setdefault((row["code"], row["scenario"]), set()).update(names)
    return found


def ours(code: str, patient: Patient, book: CodeBook) -> set[str]:
    """The names of the project's edits that speak against a code as the only one of an inpatient claim."""
    claim = Claim(setting=Setting.INPATIENT, patient=patient, codes=(ClaimCode(code=code),))
    sheet = Sheet(claim, book)
    return {finding.rule for rule in EDIT_RULES for finding in rule.check(sheet)}


def compare(path: Path, book: CodeBook, show: int) -> Iterator[str]:
    """The table, a row an edit, and after it the codes in which the two differ."""
    theirs = verdicts(path)
    codes = [code.code for code in book.codes() if code.billable]
    counts: dict[str, list[int]] = {name: [0, 0, 0] for name in (*OURS, "MANIFESTATION_AS_PDX")}
    differ: dict[str, list[str]] = {name: [] for name in counts}
    for scenario, patient in PATIENTS.items():
        for code in codes:
            said = theirs.get((code.replace(".", ""), scenario), set())
            found = ours(code, patient, book)
            for name in counts:
                mine = is_manifestation(book, code) if name == "MANIFESTATION_AS_PDX" else bool(found & {*OURS[name]})
                both = (mine, name in said)
                if both == (True, True):
                    counts[name][0] += 1
                elif any(both):
                    counts[name][1 if mine else 2] += 1
                    differ[name].append(f"{'+' if mine else '-'}{code} {scenario}")
    yield f"| edit, {len(codes):,} codes as the only one, {len(PATIENTS)} patients | both | ours alone | theirs alone |"
    yield "|---|---|---|---|"
    for name, (agreed, alone, missed) in counts.items():
        yield f"| {name} | {agreed:,} | {alone:,} | {missed:,} |"
    for name, some in differ.items():
        if some and show:
            yield f"\n{name}: {', '.join(some[:: max(1, len(some) // show)][:show])}"


def main() -> None:
    """Print the agreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verdicts", type=Path)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="codes in which the two differ")
    arguments = parser.parse_args()
    for line in compare(arguments.verdicts, open_all(Settings.from_environment()).book, arguments.show):
        print(line)


if __name__ == "__main__":
    main()
