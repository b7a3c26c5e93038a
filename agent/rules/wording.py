"""A code against the words of its sentence: side, stage, phase of care, trimester, kind of fracture, link."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.codebook import Code, CodeBook
from agent.records import Assertion, Candidate, Draft, Family, Finding, Severity
from agent.rules.objection import about, quoted
from agent.rules.passage import after, before, says, sentences_of
from agent.rules.rule import draft_rule
from agent.rules.stated import (
    STAGES,
    TRIMESTERS,
    denied_link,
    phase_of_title,
    side_of_title,
    sides_said,
    stages_said,
    trimesters_said,
    without,
    wording,
)

_NOT_REPORTED = (Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL)
"""What is read so is left out whatever its code; to compare it with its words would be noise."""
_END_STAGE = ("esrd", "end stage renal disease", "end-stage renal disease", "end stage kidney disease")
_LATER = re.compile(
    r"\bin (?:a |one |two |three |four |six |\d+(?:-\d+)? )(?:few |couple of )?(?:days?|weeks?|months?)\b", re.I
)
"""A follow-up that is still to come."""
_INJURIES = ("S", "T0", "T1", "T2", "T30", "T31", "T32", "T33", "T34")
"""In poisonings and complications of care the 7th character is of the complication, not of what was done."""


@draft_rule(
    Family.SPECIFICITY,
    "I.B.13",
    example="a model gives the code of the left knee for “right knee osteoarthritis”",
)
def side_against_words(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A code names no other side than the words it rests on."""
    for candidate, code in _whole(draft, book):
        named = side_of_title(code)
        said = sides_said(draft, candidate) if named else set()
        if len(said) != 1 or named in said:
            continue
        # Where no code is of both sides, a bilateral condition takes the code of each side.
        if said == {"bilateral"} and "bilateral" not in _sides_near(book, code):
            continue
        of = "both sides" if named == "bilateral" else f"the {named} side"
        yield about(
            candidate,
            "side_against_words",
            "I.B.13",
            f"{code.code} is of {of}, but the words say {said.pop()}: {quoted(candidate)}.",
            Severity.ERROR,
        )


@draft_rule(
    Family.SPECIFICITY,
    "I.B.13",
    example="a model gives the code of an unspecified knee for “right knee osteoarthritis”",
)
def side_left_unsaid(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Where the words name a side, the code does too: the unspecified side is for records that do not say."""
    for candidate, code in _whole(draft, book):
        sideless = "unspecified" in code.title.lower() and not side_of_title(code)
        said = sides_said(draft, candidate) if sideless and _sides_near(book, code) else set()
        if len(said) == 1:
            yield about(
                candidate,
                "side_left_unsaid",
                "I.B.13",
                f"{code.code} ({code.title}) names no side, but the words say {said.pop()}: {quoted(candidate)}.",
            )


@draft_rule(
    Family.SPECIFICITY,
    "I.C.14.a.1",
    example="a model gives N18.9 for “CKD stage 4”",
)
def kidney_stage_in_words(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """The stage of chronic kidney disease is coded as the provider states it; end stage goes before a number."""
    for candidate, code in _whole(draft, book):
        if not code.code.startswith("N18") or code.code == "N18.6":
            continue
        stages = [stage for said in sentences_of(draft, candidate) for stage in stages_said(said)]
        if says(" ".join(evidence.text for evidence in candidate.evidence), _END_STAGE):
            what = "end stage, which is N18.6 alone"
        elif stages and not any(code.code.startswith(STAGES[stage]) for stage in stages):
            what = f"stage {stages[0]}" if stages[0][0].isdigit() else f"{stages[0]}, which is {STAGES[stages[0]]}"
        else:
            continue
        yield about(
            candidate,
            "kidney_stage_in_words",
            "I.C.14.a.1",
            f"{code.code} ({code.title}), but the words say {what}.",
            Severity.ERROR,
        )


@draft_rule(
    Family.SPECIFICITY,
    "I.B.8",
    example="a model gives one code for “acute on chronic systolic heart failure” that names the acute part alone",
)
def acute_and_chronic(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that is both acute and chronic takes the code of both, or both codes with the acute first."""
    for candidate, code in _whole(draft, book):
        said = " ".join(e.text.lower() for e in candidate.evidence)
        phase = phase_of_title(code)
        if phase and says(said, wording("acute_and_chronic")) and not _has_partner(draft, book, candidate, phase):
            yield about(
                candidate,
                "acute_and_chronic",
                "I.B.8",
                f"{quoted(candidate)} is acute and chronic; {code.code} ({code.title}) says one of them. Where no code "
                "holds both, both are coded, the acute one first.",
            )


@draft_rule(
    Family.SPECIFICITY,
    "I.C.19.a",
    example="a model gives the 7th character A for “follow-up of healing distal radius fracture”",
)
def phase_of_care(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """The 7th character of an injury says whether it is still actively treated, healing, or left a sequela."""
    for candidate, code in _whole(draft, book):
        if not code.code.startswith(_INJURIES):
            continue
        said = " ".join(sentences_of(draft, candidate))
        start = f"{before(draft, candidate)} {candidate.evidence[0].text}"
        came_back = "" if _LATER.search(after(draft, candidate)) else says(start, wording("came_back"))
        healing = came_back or says(said, wording("healing"))
        active = "" if says(said, wording("earlier")) else says(said, wording("active"))
        if says(said, wording("not_healing")) or bool(healing) is bool(active):
            continue
        if code.seventh in ("A", "B", "C") and healing:
            word = f"active treatment, but the words say “{healing}”; routine care while it heals is D"
        elif code.seventh == "D" and active:
            word = f"a healing injury, but the words say “{active}”; active treatment is A"
        else:
            continue
        yield about(candidate, "phase_of_care", "I.C.19.a", f"{code.code} has the 7th character of {word}.")


@draft_rule(
    Family.SPECIFICITY,
    "I.C.15.a.3",
    example="a model gives a code of the first trimester at “30 weeks pregnant”",
)
def trimester_in_words(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """The trimester of a code follows from the trimester or the weeks that the provider documents."""
    for candidate, code in _whole(draft, book):
        title = code.title.lower()
        named = next((word for word in (*TRIMESTERS, "unspecified") if f"{word} trimester" in title), "")
        if not named or not code.code.startswith(("O", "Z34")):
            continue
        told = dict(part for said in sentences_of(draft, candidate) for part in trimesters_said(said))
        if told and named not in told:
            right, words = next(iter(told.items()))
            unsaid = named == "unspecified"
            yield about(
                candidate,
                "trimester_in_words",
                "I.C.15.a.3, I.C.15.a.5" if unsaid else "I.C.15.a.3",
                f"{code.code} is of {'no' if unsaid else f'the {named}'} trimester, but the words say {words}; that is "
                f"the {right}.",
                Severity.WARNING if unsaid else Severity.ERROR,
            )


@draft_rule(
    Family.SPECIFICITY,
    "I.C.19.c",
    example="a model gives the code of an open fracture for “fracture of the left tibia”",
)
def fracture_default(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A fracture that is not called open is closed, and one that is not called nondisplaced is displaced."""
    record = " ".join(document.text for document in draft.encounter.documents)
    for candidate, code in _whole(draft, book):
        title = code.title.lower()
        if "fracture" not in title or not code.code.startswith("S"):
            continue
        said = without(" ".join(sentences_of(draft, candidate)), wording("not_open"))
        called_open = says(said, wording("open")) or says(record, ("open fracture", "gustilo", "compound fracture"))
        if "open fracture" in title and not called_open:
            how, default = "of an open fracture", "called open: it is closed"
        elif title.startswith("nondisplaced") and not says(record, wording("nondisplaced")):
            how, default = "of a fracture without displacement", "called so: it is displaced"
        else:
            continue
        yield about(
            candidate,
            "fracture_default",
            "I.C.19.c",
            f"{code.code} is {how}, and {quoted(candidate)} is not {default}.",
        )


@draft_rule(
    Family.SPECIFICITY,
    "I.A.15",
    example="a model gives E11.42 for “neuropathy not due to diabetes”",
)
def link_denied(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Two conditions that the classification links are coded apart where the provider says that they are unrelated."""
    for candidate, code in _whole(draft, book):
        if not (" with " in code.title or "due to" in code.title or "hypertensive" in code.title.lower()):
            continue
        said = " ".join(sentences_of(draft, candidate)).lower()
        word = denied_link(said, code)
        if word:
            yield about(
                candidate,
                "link_denied",
                "I.A.15",
                f"{code.code} ({code.title}) links two conditions, and the words say “{word}”: {quoted(candidate)}.",
            )


def _whole(draft: Draft, book: CodeBook) -> Iterator[tuple[Candidate, Code]]:
    """The candidates that may be reported, with their billable codes."""
    for candidate in draft.candidates:
        code = book.get(candidate.code)
        if code is not None and code.billable and candidate.assertion not in _NOT_REPORTED:
            yield candidate, code


def _sides_near(book: CodeBook, code: Code) -> set[str]:
    """The sides of the codes beside a code or its parent: M17.0 for M17.11, S52.501 for S52.509A."""
    near = [*book.siblings(code.code)]
    if code.parent is not None and "." in code.parent:
        near += book.siblings(code.parent)
    return {side for other in near if (side := side_of_title(other))}


def _has_partner(draft: Draft, book: CodeBook, candidate: Candidate, phase: str) -> bool:
    """Whether the other form is coded too: a code of the same category, or of the same chapter in the same sentence."""
    said = set(sentences_of(draft, candidate))
    for other in draft.candidates:
        node = book.get(other.code)
        if node is None or phase_of_title(node) in ("", phase) or other.code[0] != candidate.code[0]:
            continue
        if other.code[:3] == candidate.code[:3] or said & set(sentences_of(draft, other)):
            return True
    return False
