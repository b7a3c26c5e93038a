"""The cases of the rules, as a coder writes them: see the heads of documents.txt and claims_pairs.txt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from agent.claim import Claim, read_claim
from agent.records import (
    Assertion,
    Candidate,
    Document,
    Draft,
    Encounter,
    Evidence,
    Match,
    Scope,
    Setting,
)

FOLDER = Path(__file__).parent
DAY = date(2026, 5, 4)


class RuleCase(NamedTuple):
    """A line of a file of cases: whether the rule named above it must speak, and what it looks at."""

    rule: str
    fires: bool
    text: str
    where: str

    def __str__(self) -> str:
        return f"{self.rule}{'+' if self.fires else '-'} {self.where}"


def read_cases(name: str) -> Iterator[RuleCase]:
    """The cases of a file, in its order."""
    rule = ""
    for number, line in enumerate((FOLDER / name).read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("rule "):
            rule = line.removeprefix("rule ").strip()
        elif line.strip() and not line.startswith("#"):
            sign, text = line[0], line[1:].strip()
            assert sign in "+-" and rule, f"{name}:{number}: a case begins with + or - below a line that names its rule"
            yield RuleCase(rule, sign == "+", text, f"{name}:{number}")


def read_claim_case(case: RuleCase) -> Claim:
    """`outpatient 2026-05-04 age=40 sex=male admitted=2026-05-01 | I10 J18.9/Y` as a claim; `-` for no setting."""
    head, _, listed = case.text.partition("|")
    words = head.split()
    given = dict(word.split("=") for word in words if "=" in word)
    days = [word for word in words if word[:2] == "20"]
    codes = [word.split("/") for word in listed.split() if word != "(none)"]
    age, sex = given.get("age"), given.get("sex")
    claim = {
        "setting": words[0] if words[0] != "-" else None,
        "date_of_service": None if "nodate" in words else days[0] if days else DAY.isoformat(),
        "admitted": given.get("admitted"),
        "patient": {"age": int(age) if age and age.lstrip("-").isdigit() else age, "sex": sex},
        "codes": [{"code": code[0], "poa": code[1] if len(code) > 1 else None} for code in codes],
    }
    return read_claim(claim, name=case.where)


def read_encounter_case(case: RuleCase) -> tuple[Encounter, Scope, str, list[str]]:
    """`outpatient [mentions] | WHAT | text` as an encounter, its scope, the code that is meant, and readings."""
    head, what, text = (part.strip() for part in case.text.split("|", 2))
    words = head.split()
    days = [word for word in words if word[:2] == "20"]
    documents = tuple(
        Document(id=f"note{number}" if number else "note", text=part.strip().replace("\\n", "\n"))
        for number, part in enumerate(text.split("//"))
    )
    encounter = Encounter(
        id="case",
        setting=Setting(words[0]),
        documents=documents,
        date_of_service=None if "nodate" in words else date.fromisoformat(days[0]) if days else DAY,
    )
    readings = [part.strip() for part in what.split(";") if "@" in part]
    code = what.split(";")[0].split("@")[0].strip()
    return encounter, Scope.MENTIONS if "mentions" in words else Scope.CLAIM, code, readings


def draft_of(encounter: Encounter, scope: Scope, readings: list[str]) -> Draft:
    """The draft that a reader would make who read just this: `CODE@words[:assertion][:unmanaged][:in SECTION]`."""
    candidates = []
    for number, reading in enumerate(readings):
        code, _, rest = reading.partition("@")
        words, *more = rest.split(":")
        document = next(d for d in encounter.documents if words.strip() in d.text)
        start = document.text.index(words.strip())
        section = next((one.removeprefix("in ").strip() for one in more if one.startswith("in ")), "assessment_plan")
        evidence = Evidence(
            document=document.id,
            start=start,
            end=start + len(words.strip()),
            text=words.strip(),
            section=section,
            match=Match.EXACT,
            score=100,
        )
        said = [Assertion(one.strip()) for one in more if one.strip() in tuple(Assertion)]
        cued = [Assertion(one.removeprefix("cued ").strip()) for one in more if one.startswith("cued ")]
        candidates.append(
            Candidate(
                id=number,
                condition=words.strip(),
                code=code.strip(),
                assertion=said[0] if said else Assertion.AFFIRMED,
                evidence=(evidence,),
                managed=() if "unmanaged" in more else (evidence,),
                cued=cued[0] if cued else None,
                reader="model",
            )
        )
    return Draft(encounter=encounter, scope=scope, candidates=tuple(candidates))
