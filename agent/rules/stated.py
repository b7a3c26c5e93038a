"""What words state of a condition, and what a code's title does: side, stage, phase, trimester, cause."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.codebook import Code
from agent.records import Candidate, Draft
from agent.rules.passage import after, before, says
from agent.tables import read_words

SIDES = ("right", "left")
_RADIATED = ("C", "D0", "Z85")
"""Codes of what is treated by radiation: "RT" beside them is that, and not a side."""
_JOINTS = re.compile(r"[.;,:(\n]|\b(?:and|with|but|or|for|in|after|from|who|on)\b", re.I)
_JOINTS_AFTER = re.compile(r"[.;,)\n]|\b(?:and|with|but|or|for|after|from|who|as well)\b", re.I)

_NAME = r"(?:ckd|chronic kidney disease|chronic renal disease|chronic renal insufficiency)"
_STAGE = (
    r"(1|2|3a|3b|3|4|5|iiia|iiib|iii|ii|iv|i|v)\b"
    r"(?!\s*(?:-|/|to|or)\s*(?:[1-5]|i+v?|v)\b|\s*(?:years?|yrs?|months?|weeks?|days?)\b)"
)
"""A stage that is not one end of a range, nor "2/2" for secondary to, nor a length of time."""
_TO_STAGE = r"(?:(?:,\s*|(?:(?!\b(?:and|with)\b)[^.,;\n]){0,25}?)\bstage\s*|\s+)(?:g\s?)?"
_STAGE_AFTER = re.compile(rf"\b{_NAME}\b{_TO_STAGE}{_STAGE}", re.I)
_STAGE_BEFORE = re.compile(rf"\bstage\s*{_STAGE}\W+(?:\w+\W+)?{_NAME}\b", re.I)
_GRADE = re.compile(rf"(?<!to )(?<!to-)\b(mild|moderate|severe)\s+{_NAME}\b", re.I)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iiia": "3a", "iiib": "3b", "iv": "4", "v": "5"}
STAGES = {"1": "N18.1", "2": "N18.2", "3": "N18.3", "3a": "N18.31", "3b": "N18.32", "4": "N18.4", "5": "N18.5"}
STAGES |= {"mild": "N18.2", "moderate": "N18.3", "severe": "N18.4"}
_LONG = r"(?:(?:\s*(?:\+|and)\s*\d(?:/7)?|\s+\d/7)?\s*-?\s*(?:weeks?|wks?|w)|\s?w\s?\d\s?d?)\b"
_WEEKS = re.compile(
    rf"\b(\d{{1,2}}){_LONG}(?=[^.;\n]{{0,40}}\b(?:gestation|pregnan|ga\b|iup\b|gravid))"
    rf"|(?:\bat|@)\s*(\d{{1,2}}){_LONG}(?!\s*(?:post|old|ago|pp))"
    rf"|\be?ga\b:?\s*(?:is\s*)?(\d{{1,2}}){_LONG}",
    re.I,
)
TRIMESTERS = {"first": ("first", "1st"), "second": ("second", "2nd"), "third": ("third", "3rd")}
_LETTERS = re.compile(r"[a-z]{5,}")


def side_of_title(code: Code) -> str:
    """The side that a code names: right, left or bilateral; "" if it names none, or both of two sides."""
    title = f" {code.title.lower()} "
    if " bilateral" in title or " both " in title:
        return "bilateral"
    sides = [side for side in SIDES if re.search(rf"\b{side}\b", title)]
    return sides[0] if len(sides) == 1 else ""


def sides_said(draft: Draft, candidate: Candidate) -> set[str]:
    """The sides in a candidate's quotes, or, where these name none, in the words that belong to the first of them."""
    for texts in ([e.text for e in candidate.evidence], _beside(draft, candidate)):
        said = without(" ".join(texts), wording("no_side"))
        eye = "_eye" if candidate.code.startswith("H") and candidate.code < "H60" else ""
        if says(said, wording(f"both{eye}")):
            return {"bilateral"}
        words = {side: wording(f"{side}{eye}") for side in SIDES}
        if candidate.code.startswith(_RADIATED):
            words = {side: tuple(word for word in some if word != "rt") for side, some in words.items()}
        found = {side for side, some in words.items() if says(said, some)}
        if found:
            return found
    return set()


def _beside(draft: Draft, candidate: Candidate) -> list[str]:
    """The few words before and after the first quote that no comma or conjunction parts from it."""
    start = _JOINTS.split(before(draft, candidate))[-1].split()
    rest = after(draft, candidate).lstrip(" ,(-")
    return [*start[-3:], *_JOINTS_AFTER.split(rest)[0].split()[:5]]


def stages_said(said: str) -> list[str]:
    """The stages of chronic kidney disease that a sentence states."""
    found = [m[1].lower() for pattern in (_STAGE_AFTER, _STAGE_BEFORE) for m in pattern.finditer(said)]
    return [_ROMAN.get(stage, stage) for stage in found] or [m[1].lower() for m in _GRADE.finditer(said)]


def phase_of_title(code: Code) -> str:
    """Whether a code is of the acute or the chronic form alone; "" for both and neither."""
    title = code.title.lower()
    if not code.code.startswith("N18"):
        # A combination code names the kidney disease that goes with another condition.
        title = title.replace("chronic kidney disease", "")
    found = [word for word in ("acute", "chronic") if re.search(rf"\b(?:sub)?{word}\b", title)]
    return found[0] if len(found) == 1 else ""


def trimesters_said(said: str) -> Iterator[tuple[str, str]]:
    """The trimesters of a sentence with the words that say them; none where other weeks than today's are spoken of."""
    if says(said, wording("other_pregnancy")):
        return
    found = {name: f"{words[0]} trimester" for name, words in TRIMESTERS.items() if _names(said, words)}
    yield from found.items()
    for weeks in _WEEKS.finditer(said) if not found else ():
        if says(" ".join(re.split(r"[.;]", said[: weeks.start()])[-1].split()[-3:]), wording("other_weeks")):
            continue
        number = int(weeks[1] or weeks[2] or weeks[3])
        if 4 <= number <= 42:
            yield list(TRIMESTERS)[0 if number < 14 else 1 if number < 28 else 2], f"{number} weeks"


def _names(said: str, words: tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{word} trimester", said, re.I) for word in words)


def denied_link(said: str, code: Code) -> str:
    """The words that deny the link a code makes; "" if none do, or they deny another."""
    kinds = {"E08": "diabetes", "E09": "diabetes", "E10": "diabetes", "E11": "diabetes", "E13": "diabetes"}
    kinds |= {"I11": "hypertension", "I12": "hypertension", "I13": "hypertension"}
    kind = kinds.get(code.code[:3])
    causes = wording(kind) if kind else tuple(_LETTERS.findall(code.title.lower()))
    # "Not hypertensive today" is of the blood pressure; "not diabetic" is of the disease.
    negations = r"non[- ]?|not " if kind == "diabetes" else "non[- ]?"
    for cause in wording(kind) if kind else ():
        found = re.search(rf"\b(?:{negations}){re.escape(cause)}\b", said)
        if found:
            return found.group()
    for phrase in wording("not_linked"):
        for found in re.finditer(rf"(?<!\w){re.escape(phrase)}(?!\w)", said):
            if says(" ".join(said[found.end() :].split()[:6]), causes):
                return phrase
    apart = re.search(r"\bare (?:unrelated|not related|two separate|separate)\b", said)
    return apart.group() if apart and says(said[: apart.start()], causes) else ""


def without(text: str, phrases: tuple[str, ...]) -> str:
    """A text with some phrases taken out, in any case."""
    for phrase in phrases:
        text = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", " ", text, flags=re.I)
    return text


def wording(kind: str) -> tuple[str, ...]:
    """The words of a kind, from `agent/rules/wording.tsv`."""
    return read_words("agent.rules", "wording.tsv")[kind]
