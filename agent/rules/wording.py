"""A code against the words of its sentence: side, stage, phase of care, trimester, kind of fracture, link."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.codebook import Code, CodeBook
from agent.records import Assertion, Candidate, Draft, Family, Finding, Severity
from agent.rules.objection import quoted
from agent.rules.passage import says, sentences_of
from agent.rules.rule import draft_rule

_SIDES = {"right": ("right", "rt", "r."), "left": ("left", "lt", "l.")}
_BOTH = ("bilateral", "bilaterally", "both", "b/l", "bilat")
_STAGE = re.compile(
    r"\b(?:ckd|kidney disease|renal disease)\b[^.;\n]{0,25}?\bstage\s*(1|2|3a|3b|3|4|5|iiia|iiib|iii|ii|iv|i|v)\b", re.I
)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iiia": "3a", "iiib": "3b", "iv": "4", "v": "5"}
_STAGES = {"1": "N18.1", "2": "N18.2", "3": "N18.3", "3a": "N18.31", "3b": "N18.32", "4": "N18.4", "5": "N18.5"}
_AFTER = (
    "follow-up",
    "follow up",
    "followup",
    "healing",
    "healed",
    "routine healing",
    "cast removal",
    "recheck",
    "post-op",
)
_ACTIVE = (
    "surgery scheduled",
    "reduction",
    "splint applied",
    "will undergo",
    "initial evaluation",
    "laceration repaired",
)
_WEEKS = re.compile(
    r"\b(\d{1,2})(?:\s*(?:\+|and)\s*\d(?:/7)?|w\d?d?)?\s*(?:-?\s*)?(?:weeks?|wks?|w)\b(?=[^.;\n]{0,40}(?:gestation|pregnan|ga\b|iup|gravid))",
    re.I,
)
_TRIMESTERS = ("first", "second", "third")
_NOT_LINKED = ("not due to", "not related to", "unrelated to", "not caused by", "not attributed to", "not diabetic")


@draft_rule(
    Family.SPECIFICITY,
    "I.B.13",
    example="a model gives the code of the left knee for “right knee osteoarthritis”",
)
def side_against_words(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A code names no other side than the words it rests on."""
    for candidate, code in _whole(draft, book):
        named = _side_of_title(code)
        said = _sides_said(draft, candidate)
        if named and said and named not in said and len(said) == 1:
            yield _finding(
                "side_against_words",
                "I.B.13",
                candidate,
                f"{code.code} is of the {named} side, but the words say {said.pop()}: {quoted(candidate)}.",
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
        title = code.title.lower()
        said = _sides_said(draft, candidate)
        sided = any(_side_of_title(other) for other in book.siblings(code.code)) if said else False
        if said and len(said) == 1 and "unspecified" in title and not _side_of_title(code) and sided:
            yield _finding(
                "side_left_unsaid",
                "I.B.13",
                candidate,
                f"{code.code} ({code.title}) names no side, but the words say {said.pop()}: {quoted(candidate)}.",
            )


@draft_rule(
    Family.SPECIFICITY,
    "I.C.14.a.1",
    example="a model gives N18.9 for “CKD stage 4”",
)
def kidney_stage_in_words(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """The stage of chronic kidney disease is coded as the provider states it."""
    for candidate, code in _whole(draft, book):
        if not code.code.startswith("N18") or code.code == "N18.6":
            continue
        for said in sentences_of(draft, candidate):
            found = _STAGE.search(said)
            stage = _ROMAN.get(found[1].lower(), found[1].lower()) if found else ""
            if stage and not code.code.startswith(_STAGES[stage]):
                yield _finding(
                    "kidney_stage_in_words",
                    "I.C.14.a.1",
                    candidate,
                    f"{code.code} ({code.title}), but the words say stage {stage}.",
                    Severity.ERROR,
                )
                break


@draft_rule(
    Family.SPECIFICITY,
    "I.B.8",
    example="a model gives one code for “acute on chronic systolic heart failure” that names the acute part alone",
)
def acute_and_chronic(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A condition that is both acute and chronic takes the code of both, or both codes with the acute first."""
    titles = {c.code: node.title.lower() for c in draft.candidates if (node := book.get(c.code)) is not None}
    for candidate, code in _whole(draft, book):
        said = " ".join(e.text.lower() for e in candidate.evidence)
        if not says(said, ("acute on chronic", "acute-on-chronic", "acute and chronic", "chronic with acute")):
            continue
        title = code.title.lower()
        both = "acute" in title and "chronic" in title
        partner = any(
            other[:3] == code.code[:3] and other != code.code and ("acute" in t) is not ("acute" in title)
            for other, t in titles.items()
        )
        if not both and not partner and ("acute" in title or "chronic" in title):
            yield _finding(
                "acute_and_chronic",
                "I.B.8",
                candidate,
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
        if not code.code.startswith(("S", "T")) or code.seventh not in ("A", "B", "C", "D"):
            continue
        said = " ".join(sentences_of(draft, candidate))
        healing, active = says(said, _AFTER), says(said, _ACTIVE)
        if code.seventh != "D" and healing and not active:
            word = f"active treatment, but the words say “{healing}”; routine care of a healing injury is D"
        elif code.seventh == "D" and active and not healing:
            word = f"a healing injury, but the words say “{active}”; active treatment is A"
        else:
            continue
        yield _finding("phase_of_care", "I.C.19.a", candidate, f"{code.code} has the 7th character of {word}.")


@draft_rule(
    Family.SPECIFICITY,
    "I.C.15.a.3",
    example="a model gives a code of the first trimester at “30 weeks pregnant”",
)
def trimester_in_words(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """The trimester of a code follows from the weeks of gestation that the provider documents."""
    for candidate, code in _whole(draft, book):
        named = next((word for word in _TRIMESTERS if f"{word} trimester" in code.title.lower()), "")
        if not named or not code.code.startswith(("O", "Z34")):
            continue
        for said in sentences_of(draft, candidate):
            found = _WEEKS.search(said)
            weeks = int(found[1]) if found else 0
            right = _TRIMESTERS[0 if weeks < 14 else 1 if weeks < 28 else 2]
            if weeks and right != named:
                yield _finding(
                    "trimester_in_words",
                    "I.C.15.a.3",
                    candidate,
                    f"{code.code} is of the {named} trimester, but the words say {weeks} weeks, which is the {right}.",
                    Severity.ERROR,
                )
                break


@draft_rule(
    Family.SPECIFICITY,
    "I.C.19.c",
    example="a model gives the code of an open fracture for “fracture of the left tibia”",
)
def fracture_default(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """A fracture that is not called open is closed, and one that is not called nondisplaced is displaced."""
    for candidate, code in _whole(draft, book):
        title = code.title.lower()
        if "fracture" not in title or not code.code.startswith("S"):
            continue
        said = " ".join(sentences_of(draft, candidate)).lower()
        if "open fracture" in title and not says(said, ("open", "compound", "puncture", "gustilo", "missile")):
            yield _finding(
                "fracture_default",
                "I.C.19.c",
                candidate,
                f"{code.code} is of an open fracture, and {quoted(candidate)} is not called open: it is closed.",
            )
        elif title.startswith("nondisplaced") and not says(
            said, ("nondisplaced", "non-displaced", "non displaced", "undisplaced", "not displaced", "no displacement")
        ):
            yield _finding(
                "fracture_default",
                "I.C.19.c",
                candidate,
                f"{code.code} is of a fracture without displacement, and {quoted(candidate)} is not called so: it is "
                "displaced.",
            )


@draft_rule(
    Family.SPECIFICITY,
    "I.A.15",
    example="a model gives E11.42 for “neuropathy not due to diabetes”",
)
def link_denied(draft: Draft, book: CodeBook) -> Iterator[Finding]:
    """Two conditions that the classification links are coded apart where the provider says that they are unrelated."""
    for candidate, code in _whole(draft, book):
        linked = " with " in code.title or "due to" in code.title or "hypertensive" in code.title.lower()
        word = says(" ".join(sentences_of(draft, candidate)), _NOT_LINKED) if linked else ""
        if word:
            yield _finding(
                "link_denied",
                "I.A.15",
                candidate,
                f"{code.code} ({code.title}) links two conditions, and the words say “{word}”: {quoted(candidate)}.",
            )


def _whole(draft: Draft, book: CodeBook) -> Iterator[tuple[Candidate, Code]]:
    """The candidates that are not denied, with their billable codes."""
    for candidate in draft.candidates:
        code = book.get(candidate.code)
        if code is not None and code.billable and candidate.assertion is not Assertion.NEGATED:
            yield candidate, code


def _side_of_title(code: Code) -> str:
    title = f" {code.title.lower()} "
    if " bilateral" in title or " both " in title:
        return "bilateral"
    sides = [side for side in _SIDES if re.search(rf"\b{side}\b", title)]
    return sides[0] if len(sides) == 1 else ""


def _sides_said(draft: Draft, candidate: Candidate) -> set[str]:
    """The sides in the quotes of a candidate, or, where these name none, in the lines up to them."""
    for texts in ([e.text for e in candidate.evidence], [_line(draft, candidate)]):
        said = " ".join(texts)
        if says(said, _BOTH):
            return {"bilateral"}
        found = {side for side, words in _SIDES.items() if says(said, words[:2])}
        if found:
            return found
    return set()


def _line(draft: Draft, candidate: Candidate) -> str:
    """The few words around the first quote, inside its line and its clause."""
    first = candidate.evidence[0]
    text = draft.encounter.document(first.document).text
    before = re.split(r"[.;,\n]", text[max(0, first.start - 40) : first.start])[-1]
    after = re.split(r"[.;,\n]", text[first.end : first.end + 40])[0]
    return f"{before} {after}"


def _finding(
    rule: str, citation: str, candidate: Candidate, message: str, severity: Severity = Severity.WARNING
) -> Finding:
    return Finding(rule=rule, citation=citation, severity=severity, codes=(candidate.code,), message=message)
